//! Named arrays in NumPy containers: `.npz` and `.npy` files that need no pickle.

pub mod npz;
