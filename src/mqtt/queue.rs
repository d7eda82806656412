//! Bytes that wait, in the program's buffer: what has come and has not been used up, what is to be sent and has not been.

/// Bytes are put at the end and taken from the start.
pub(super) struct Queue<'b> {
    buffer: &'b mut [u8],
    start: usize,
    end: usize,
}

impl<'b> Queue<'b> {
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Queue {
            buffer,
            start: 0,
            end: 0,
        }
    }

    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    pub fn length(&self) -> usize {
        self.end - self.start
    }

    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

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
        let (start, end) = (self.start, self.end);
        if start > 0 && start <= end && end <= self.buffer.len() {
            self.buffer.copy_within(start..end, 0);
            (self.start, self.end) = (0, end - start);
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// Says that `length` bytes of the room have been filled, or all of it.
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

    pub fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }
}

/// Copies as much of `from` as fits; returns how much.
#[inline(never)]
pub(super) fn copy_start(from: &[u8], into: &mut [u8]) -> usize {
    let length = from.len().min(into.len());
    if let (Some(from), Some(into)) = (from.get(..length), into.get_mut(..length)) {
        into.copy_from_slice(from);
    }
    length
}
