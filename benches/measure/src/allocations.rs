use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, which counts what each thread asks of it: two
/// additions, so that what is timed stays what it was.
#[derive(Debug)]
pub struct CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn count(bytes: usize) {
    COUNT.set(COUNT.get() + 1);
    HELD.set(HELD.get().wrapping_add(bytes));
}

/// How often this thread has allocated, or grown an allocation.
#[must_use]
pub fn allocations() -> u64 {
    COUNT.get()
}

/// How many bytes this thread has allocated and not freed. What it frees for others
/// counts against it: fit for programs of one thread.
#[must_use]
pub fn held() -> usize {
    HELD.get()
}

// The counters need no allocation, and no destructor, of their own.
#[expect(unsafe_code, reason = "an allocator cannot be written without; it only passes on")]
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size.wrapping_sub(layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}
