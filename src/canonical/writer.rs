use std::fmt;

/// How much is put together before a sink sees it: most rows, whole.
const STAGE: usize = 512;

/// The decimal digits of `u64::MAX`.
const DIGITS_MAX: usize = 20;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Gathers small pieces of text and hands them on in large ones.
pub(super) struct Writer<'a> {
    stage: [u8; STAGE],
    len: usize,
    sink: &'a mut dyn FnMut(&[u8]),
}

impl<'a> Writer<'a> {
    pub(super) fn new(sink: &'a mut dyn FnMut(&[u8])) -> Self {
        Self { stage: [0; STAGE], len: 0, sink }
    }

    /// Hands over what is left.
    pub(super) fn close(mut self) {
        self.flush();
    }

    /// What was not handed over, and how much of it there is.
    pub(super) fn into_rest(self) -> ([u8; STAGE], usize) {
        (self.stage, self.len)
    }

    fn flush(&mut self) {
        (self.sink)(&self.stage[..self.len]);
        self.len = 0;
    }

    /// Room for `len` bytes, to be filled at once.
    #[inline]
    fn room(&mut self, len: usize) -> &mut [u8] {
        if self.len + len > STAGE {
            self.flush();
        }
        let start = self.len;
        self.len += len;
        &mut self.stage[start..start + len]
    }

    #[inline]
    pub(super) fn byte(&mut self, byte: u8) {
        self.room(1)[0] = byte;
    }

    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if bytes.len() <= STAGE {
            self.room(bytes.len()).copy_from_slice(bytes);
        } else {
            self.flush();
            (self.sink)(bytes);
        }
    }

    /// `<length>:<text>`.
    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        self.length(text.len());
        self.bytes(text.as_bytes());
    }

    #[inline]
    pub(super) fn length(&mut self, length: usize) {
        self.decimal(length as u64);
        self.byte(b':');
    }

    #[inline]
    pub(super) fn decimal(&mut self, mut number: u64) {
        if number < 10 {
            return self.byte(digit(number));
        }
        let mut digits = [0; DIGITS_MAX];
        let mut start = DIGITS_MAX;
        while number > 0 {
            start -= 1;
            digits[start] = digit(number % 10);
            number /= 10;
        }
        self.bytes(&digits[start..]);
    }

    pub(super) fn hex(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(STAGE / 2) {
            let room = self.room(2 * chunk.len());
            for (pair, byte) in room.chunks_exact_mut(2).zip(chunk) {
                pair[0] = HEX[usize::from(byte >> 4)];
                pair[1] = HEX[usize::from(byte & 15)];
            }
        }
    }
}

/// The ASCII digit of a number below ten.
#[expect(clippy::cast_possible_truncation, reason = "it is below ten")]
const fn digit(number: u64) -> u8 {
    b'0' + number as u8
}

impl fmt::Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}
