//! Bytes that wait, in the program's buffer: what has come and has not been used up, what is to be sent and has not been.

use core::cell::Cell;

/// Bytes are put at the end and taken from the start.
pub(super) struct Queue<'b> {
    buffer: &'b mut [u8],
    start: usize,
    end: usize,
}

impl<'b> Queue<'b> {
    #[inline]
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Queue {
            buffer,
            start: 0,
            end: 0,
        }
    }

    #[inline(never)]
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    #[inline]
    pub fn length(&self) -> usize {
        self.end - self.start
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    #[inline]
    pub fn capacity(&self) -> usize {
        self.buffer.len()
    }

    /// Takes `length` bytes away, or as many as there are, and gives them.
    #[inline(never)]
    pub fn take(&mut self, length: usize) -> &[u8] {
        let start = self.start;
        let end = start + length.min(self.length());
        self.start = end;
        if self.is_empty() {
            self.clear();
        }
        self.buffer.get(start..end).unwrap_or_default()
    }

    /// Where more bytes go.
    #[inline(never)]
    pub fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            let waiting = self.buffer.get_mut(..self.end).unwrap_or_default();
            move_to_start(waiting, self.start);
            (self.start, self.end) = (0, self.end - self.start);
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// Says that `length` bytes of the room have been filled, or all of it.
    #[inline]
    pub fn filled(&mut self, length: usize) {
        self.end += length.min(self.buffer.len() - self.end);
    }

    /// Appends all of `bytes` or nothing.
    #[inline(never)]
    pub fn put(&mut self, bytes: &[u8]) -> bool {
        let room = self.room();
        let fits = bytes.len() <= room.len();
        if fits {
            let length = copy_start(bytes, room);
            self.filled(length);
        }
        fits
    }

    #[inline]
    pub fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }
}

/// Moves what is behind `from` to the start. Seldom are there many bytes behind it, which `copy_within` would be for.
#[inline(never)]
pub(super) fn move_to_start(bytes: &mut [u8], from: usize) {
    let cells = Cell::from_mut(bytes).as_slice_of_cells();
    for (to, from) in cells.iter().zip(cells.iter().skip(from)) {
        to.set(from.get());
    }
}

/// Copies as much of `from` as fits; returns how much.
// A microcontroller's flash is small, so that it is there once; elsewhere it is inlined, which is faster.
#[cfg_attr(target_pointer_width = "32", inline(never))]
pub(super) fn copy_start(from: &[u8], into: &mut [u8]) -> usize {
    let Some(room) = into.get_mut(..from.len()) else {
        for (to, from) in into.iter_mut().zip(from) {
            *to = *from;
        }
        return into.len();
    };
    room.copy_from_slice(from);
    from.len()
}

/// Writes what lies behind an offset and fits.
pub(super) struct Window<'a> {
    /// Bytes to be passed over.
    skip: usize,
    room: &'a mut [u8],
    /// Bytes of the room that have been written.
    pub written: usize,
    /// Bytes that did not fit.
    pub beyond: usize,
}

impl<'a> Window<'a> {
    #[inline]
    pub fn new(skip: usize, room: &'a mut [u8]) -> Self {
        Window {
            skip,
            room,
            written: 0,
            beyond: 0,
        }
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn put(&mut self, piece: &[u8]) {
        let skipped = self.skip.min(piece.len());
        self.skip -= skipped;
        let piece = piece.get(skipped..).unwrap_or_default();
        let room = self.room.get_mut(self.written..).unwrap_or_default();
        let copied = copy_start(piece, room);
        self.written += copied;
        self.beyond += piece.len() - copied;
    }
}
