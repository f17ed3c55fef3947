//! Named arrays in NumPy containers: `.npz` and `.npy` files that need no pickle.

mod array;
mod npy;
pub mod npz;
