//! Memory that several threads write, each another part of it.
#![expect(unsafe_code, reason = "threads write interleaved columns of one matrix, which no slices can express")]

use std::marker::PhantomData;

/// Numbers to be written by kernels, shared among threads.
///
/// It borrows them exclusively, so that nobody else reads or writes meanwhile. The threads that share it must write
/// disjoint parts: each task of a convolution writes its own pixels or its own output channels.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pointer: *mut f32,
    len: usize,
    borrow: PhantomData<&'a mut [f32]>,
}

// SAFETY: a pointer to plain numbers; what may be written through it by whom is said above and kept by `convolution`
// and `winograd`.
unsafe impl Send for Target<'_> {}
// SAFETY: as above.
unsafe impl Sync for Target<'_> {}

impl<'a> Target<'a> {
    pub(crate) fn new(values: &'a mut [f32]) -> Self {
        Self { pointer: values.as_mut_ptr(), len: values.len(), borrow: PhantomData }
    }

    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// # Safety
    /// `offset` must not lie beyond the end.
    #[inline(always)]
    pub(crate) unsafe fn at(self, offset: usize) -> *mut f32 {
        debug_assert!(offset <= self.len);
        // SAFETY: the caller answers for the offset.
        unsafe { self.pointer.add(offset) }
    }
}
