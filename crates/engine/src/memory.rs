//! Memory as kernels read and write it: through pointers, whose bounds are asserted in this crate's own tests.
//!
//! A kernel checks its bounds once, before its loops. Checks in the innermost loops would cost a third of the speed, so
//! they are compiled into the unit tests alone, which run the conformance suite once more for that reason.
#![expect(unsafe_code, reason = "the innermost loops read and write without checks")]

use std::marker::PhantomData;

/// Asserts a bound in builds for this crate's unit tests.
macro_rules! assert_bound {
    ($condition:expr) => {
        if cfg!(test) {
            assert!($condition, "a kernel leaves its memory");
        }
    };
}

/// A position in words that a kernel reads.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pointer: *const f32,
    /// Where the words begin and end.
    #[cfg(test)]
    bounds: (*const f32, *const f32),
    borrow: PhantomData<&'a [f32]>,
}

impl<'a> Source<'a> {
    #[inline(always)]
    pub(crate) fn new(words: &'a [f32]) -> Self {
        Self {
            pointer: words.as_ptr(),
            #[cfg(test)]
            bounds: (words.as_ptr_range().start, words.as_ptr_range().end),
            borrow: PhantomData,
        }
    }

    /// The position some words further.
    ///
    /// # Safety
    /// It must not lie beyond the end.
    #[inline(always)]
    pub(crate) unsafe fn add(self, words: usize) -> Self {
        self.assert_holds(words);
        // SAFETY: the caller promises that this is within the words or at their end.
        Self { pointer: unsafe { self.pointer.add(words) }, ..self }
    }

    /// The word at this position.
    ///
    /// # Safety
    /// It must lie before the end.
    #[inline(always)]
    pub(crate) unsafe fn word(self) -> f32 {
        self.assert_holds(1);
        // SAFETY: the caller promises that there is a word here, and it is borrowed.
        unsafe { *self.pointer }
    }

    /// A pointer to this position, to read `words` words.
    ///
    /// # Safety
    /// As many must follow before the end.
    #[inline(always)]
    pub(crate) unsafe fn pointer(self, words: usize) -> *const f32 {
        self.assert_holds(words);
        self.pointer
    }

    #[inline(always)]
    fn assert_holds(self, words: usize) {
        let _ = words;
        #[cfg(test)]
        assert_bound!(words <= (self.bounds.1 as usize - self.pointer as usize) / size_of::<f32>());
        #[cfg(test)]
        assert_bound!(self.pointer >= self.bounds.0);
    }
}

/// Words that kernels write, shared among threads.
///
/// It borrows them exclusively, so that nobody else reads or writes meanwhile; for the threads that share it see
/// [`new`](Self::new).
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pointer: *mut f32,
    len: usize,
    borrow: PhantomData<&'a mut [f32]>,
}

// SAFETY: it points to plain numbers, and whoever made it promised that threads use disjoint parts.
unsafe impl Send for Target<'_> {}
// SAFETY: as above.
unsafe impl Sync for Target<'_> {}

impl<'a> Target<'a> {
    /// # Safety
    /// Kernels that run at the same time on different threads with copies of this value must write disjoint parts of
    /// it. This is the one rule about it: a kernel reads only what it writes itself, and stays within bounds.
    pub(crate) unsafe fn new(words: &'a mut [f32]) -> Self {
        Self { pointer: words.as_mut_ptr(), len: words.len(), borrow: PhantomData }
    }

    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// A pointer to the word at `offset`, to read and write `words` words.
    ///
    /// # Safety
    /// As many must follow before the end.
    #[inline(always)]
    pub(crate) unsafe fn pointer(self, offset: usize, words: usize) -> *mut f32 {
        assert_bound!(offset <= self.len && words <= self.len - offset);
        // SAFETY: the caller promises that this is within the words.
        unsafe { self.pointer.add(offset) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a kernel leaves its memory")]
    fn reading_beyond_the_end_is_noticed_in_tests() {
        // SAFETY: the assertion ends the test before anything is read.
        unsafe { Source::new(&[0.0; 8]).add(5).pointer(4) };
    }

    #[test]
    #[should_panic(expected = "a kernel leaves its memory")]
    fn writing_beyond_the_end_is_noticed_in_tests() {
        // SAFETY: one thread; the assertion ends the test before anything is written.
        unsafe { Target::new(&mut [0.0; 8]).pointer(5, 4) };
    }
}
