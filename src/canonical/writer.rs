use std::fmt;

/// How much is put together before a sink sees it: most rows, whole.
const STAGE: usize = 512;

/// The numbers below a hundred, in two digits each.
const PAIRS: [[u8; 2]; 100] = pairs();

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
            copy(bytes, self.room(bytes.len()));
        } else {
            self.flush();
            (self.sink)(bytes);
        }
    }

    /// `<tag><length>:<text>`: in one piece where the text is short, for each
    /// piece waits for the one before.
    #[inline]
    pub(super) fn text<const TAG: usize>(&mut self, tag: [u8; TAG], text: &str) {
        let (text, digits) = (text.as_bytes(), digits_of(text.len() as u64));
        if text.len() > STAGE / 2 {
            self.bytes(&tag);
            self.length(text.len());
            return self.bytes(text);
        }
        let room = self.room(TAG + digits + 1 + text.len());
        let (head, tail) = room.split_at_mut(TAG + digits + 1);
        head[..TAG].copy_from_slice(&tag);
        decimal(text.len() as u64, &mut head[TAG..TAG + digits]);
        head[TAG + digits] = b':';
        copy(text, tail);
    }

    pub(super) fn length(&mut self, length: usize) {
        let digits = digits_of(length as u64);
        decimal(length as u64, self.room(digits));
        self.byte(b':');
    }

    /// `i<decimal>;`.
    #[inline]
    pub(super) fn integer(&mut self, is_negative: bool, number: u64) {
        let digits = digits_of(number);
        let start = if is_negative { 2 } else { 1 };
        let room = self.room(start + digits + 1);
        room[start - 1] = b'-';
        room[0] = b'i';
        room[start + digits] = b';';
        decimal(number, &mut room[start..start + digits]);
    }

    pub(super) fn hex(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(STAGE / 2) {
            fill_hex(chunk, self.room(2 * chunk.len()));
        }
    }
}

/// Two lower-case digits for each byte.
pub(crate) fn lower_hex(bytes: &[u8]) -> Vec<u8> {
    let mut digits = vec![0; 2 * bytes.len()];
    fill_hex(bytes, &mut digits);
    digits
}

/// As [`lower_hex`], of a salt or a stamp.
pub(crate) fn hex_digits(bytes: [u8; 16]) -> [u8; 32] {
    let mut digits = [0; 32];
    fill_hex(&bytes, &mut digits);
    digits
}

#[inline]
fn fill_hex(bytes: &[u8], room: &mut [u8]) {
    for (pair, byte) in room.chunks_exact_mut(2).zip(bytes) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
}

const fn pairs() -> [[u8; 2]; 100] {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [digit(number as u64 / 10), digit(number as u64 % 10)];
        number += 1;
    }
    pairs
}

#[inline]
fn digits_of(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |last| last as usize + 1)
}

/// Fills `room` with the digits of `number`, in place: text that is copied right
/// after it was written waits until it has arrived.
#[inline]
fn decimal(mut number: u64, room: &mut [u8]) {
    let mut fours = room.rchunks_exact_mut(4);
    for four in &mut fours {
        let (high, low) = (number % 10_000 / 100, number % 100);
        number /= 10_000;
        four[..2].copy_from_slice(&pair(high));
        four[2..].copy_from_slice(&pair(low));
    }
    match fours.into_remainder() {
        [one] => *one = digit(number),
        [one, rest @ ..] if rest.len() == 2 => {
            *one = digit(number / 100);
            rest.copy_from_slice(&pair(number % 100));
        }
        rest => rest.copy_from_slice(&pair(number)[..rest.len()]),
    }
}

/// The two digits of a number below a hundred.
#[inline]
fn pair(number: u64) -> [u8; 2] {
    PAIRS[usize::try_from(number).expect("it is below a hundred")]
}

/// What `copy_from_slice` does, without its call where a row's texts are short.
#[inline]
fn copy(from: &[u8], to: &mut [u8]) {
    match from.len() {
        16..=32 => ends::<16>(from, to),
        8..16 => ends::<8>(from, to),
        4..8 => ends::<4>(from, to),
        2..4 => ends::<2>(from, to),
        _ => to.copy_from_slice(from),
    }
}

/// Copies the first and the last `N` bytes, which may overlap.
#[inline]
fn ends<const N: usize>(from: &[u8], to: &mut [u8]) {
    if let (Some(from), Some(to)) = (from.first_chunk::<N>(), to.first_chunk_mut()) {
        *to = *from;
    }
    if let (Some(from), Some(to)) = (from.last_chunk::<N>(), to.last_chunk_mut()) {
        *to = *from;
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
