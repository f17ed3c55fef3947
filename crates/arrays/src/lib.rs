//! Named arrays in NumPy containers: `.npz` and `.npy` files that need no pickle.

mod npy;
pub mod npz;
