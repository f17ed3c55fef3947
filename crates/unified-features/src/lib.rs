//! No code: this crate keeps Burn from being built once per command.
//!
//! Cargo unifies the features of dependencies over the packages that a command selects. `cargo run` selects the
//! program, `cargo test --workspace` everything with its dev-dependencies, so a small crate deep below Burn gets
//! other features in each, and Burn is built again (minutes). Everything depends on this crate, which asks for the
//! union of those features. Compare `cargo tree --workspace --edges normal,build,dev --format '{p} {f}'` with the
//! same for one package when a dependency was added.
