//! The output buffer: what is to be sent and has not been.

/// Bytes for the broker, in the program's buffer.
pub(super) struct Output<'b> {
    buffer: &'b mut [u8],
    start: usize,
    end: usize,
}

impl<'b> Output<'b> {
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Output {
            buffer,
            start: 0,
            end: 0,
        }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Takes `length` bytes away, or as many as there are.
    pub fn sent(&mut self, length: usize) {
        self.start = self.end.min(self.start.saturating_add(length));
        if self.start == self.end {
            self.clear();
        }
    }

    /// Where more bytes go.
    pub fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.buffer[self.end..]
    }

    /// Says that `length` bytes of the room have been filled.
    pub fn filled(&mut self, length: usize) {
        self.end += length;
    }

    /// Appends all of `bytes` or nothing.
    pub fn put(&mut self, bytes: &[u8]) -> bool {
        match self.room().get_mut(..bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.filled(bytes.len());
                true
            }
            None => false,
        }
    }

    pub fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }
}
