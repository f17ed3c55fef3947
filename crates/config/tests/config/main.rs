//! Parameters and options through the public interface.

mod options;
mod round_trip;
