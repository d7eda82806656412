//! `calloc` and `free`, counted. What is counted are the bytes that were asked for; an allocator's own overhead comes on top.

use core::alloc::Layout;
use core::cell::RefCell;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::{NonNull, null_mut};

use critical_section::{CriticalSection, Mutex};
use linked_list_allocator::Heap;

/// There is one thread and no interrupt: nothing has to be kept out.
struct Alone;
critical_section::set_impl!(Alone);

// SAFETY: nothing runs beside the one thread.
unsafe impl critical_section::Impl for Alone {
    unsafe fn acquire() -> critical_section::RawRestoreState {}

    unsafe fn release(_: critical_section::RawRestoreState) {}
}

/// Bytes that can be allocated, with the allocator's overhead.
const ROOM: usize = 96 << 10;
/// The size is kept in front of the block.
const FRONT: usize = 16;

static MEMORY: crate::Place<[MaybeUninit<u8>; ROOM]> =
    crate::Place::new([MaybeUninit::uninit(); ROOM]);
static STATE: Mutex<RefCell<State>> = Mutex::new(RefCell::new(State {
    heap: Heap::empty(),
    now: 0,
    peak: 0,
}));

struct State {
    heap: Heap,
    now: usize,
    peak: usize,
}

fn with<R>(work: impl FnOnce(&mut State) -> R) -> R {
    critical_section::with(|section: CriticalSection<'_>| {
        work(&mut STATE.borrow(section).borrow_mut())
    })
}

/// Gives the allocator its memory. To be called once, before anything is allocated.
pub fn begin() {
    // SAFETY: this is called once.
    let memory = unsafe { MEMORY.take() };
    with(|state| state.heap.init_from_slice(memory));
}

/// The most bytes that were allocated at one time.
pub fn peak() -> usize {
    with(|state| state.peak)
}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(FRONT)?, FRONT).ok()
}

impl State {
    fn allocate(&mut self, size: usize) -> Option<NonNull<u8>> {
        let layout = layout(size)?;
        let block = self.heap.allocate_first_fit(layout).ok()?;
        // SAFETY: the block has that many bytes.
        unsafe { block.write_bytes(0, layout.size()) };
        // SAFETY: the block is aligned, and has room for the size in front.
        unsafe { block.cast::<usize>().write(size) };
        self.now += size;
        self.peak = self.peak.max(self.now);
        // SAFETY: the block has at least that many bytes.
        Some(unsafe { block.add(FRONT) })
    }

    /// # Safety
    /// `place` came from [`Self::allocate`] and was not freed.
    unsafe fn free(&mut self, place: NonNull<u8>) {
        // SAFETY: what `allocate` returned lies that far in its block.
        let block = unsafe { place.sub(FRONT) };
        // SAFETY: the size was written there.
        let size = unsafe { block.cast::<usize>().read() };
        if let Some(layout) = layout(size) {
            self.now -= size;
            // SAFETY: the block was allocated with this layout.
            unsafe { self.heap.deallocate(block, layout) };
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    let allocated = count
        .checked_mul(size)
        .and_then(|size| with(|state| state.allocate(size)));
    allocated.map_or(null_mut(), |place| place.as_ptr().cast())
}

/// # Safety
/// `place` is null, or came from [`calloc`] and was not freed.
#[unsafe(no_mangle)]
unsafe extern "C" fn free(place: *mut c_void) {
    if let Some(place) = NonNull::new(place.cast()) {
        // SAFETY: the caller's contract is the same.
        with(|state| unsafe { state.free(place) });
    }
}
