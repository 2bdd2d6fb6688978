//! One gzip member out of parts that were compressed apart.
//!
//! The data is compressed once per rendering, the live series are put behind it at every scrape. Two gzip members in a row
//! would do for Prometheus, but `curl --compressed` and others stop after the first. So each part is a run of deflate
//! blocks that ends on a byte boundary, and head, closing block and checksum are put around them: RFC 1951 and 1952.
//!
//! The live series are few and new at every scrape: they are stored as they are, since setting up a compressor costs more
//! than the whole rest of a scrape.

use std::{io::Write, sync::Arc};

use bytes::Bytes;
use flate2::{Compression, Crc, write::DeflateEncoder};

use super::pieces::{Pieces, Pile, Rendered};

/// Magic number, deflate, no flags, no time, no hint, unknown system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// An empty block that says it is the last.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// The head of a block that is stored, not compressed, and not the last: its length and the complement of that follow.
const STORED: u8 = 0;

/// What was compressed, ready to have something put behind it.
#[derive(Debug, Default)]
pub struct Deflated {
    pieces: Rendered,
    crc: Crc,
}

impl Deflated {
    /// A gzip member that holds this and a short text behind it.
    pub fn member(&self, behind: &[u8]) -> Pieces {
        let mut crc = Crc::new();
        crc.combine(&self.crc);
        crc.update(behind);
        let tail = [&LAST_BLOCK[..], &crc.sum().to_le_bytes(), &crc.amount().to_le_bytes()].concat();
        Pieces::of(Bytes::from_static(&HEAD), Arc::clone(&self.pieces), [stored(behind), tail.into()])
    }
}

/// A text as it is, in blocks that are not compressed.
fn stored(text: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(text.len() + 5 * text.len().div_ceil(usize::from(u16::MAX)));
    for block in text.chunks(usize::from(u16::MAX)) {
        let length = u16::try_from(block.len()).expect("it was cut so");
        bytes.push(STORED);
        bytes.extend(length.to_le_bytes());
        bytes.extend((!length).to_le_bytes());
        bytes.extend(block);
    }
    bytes.into()
}

/// Compresses what is written to it.
pub(super) struct Deflater {
    encoder: DeflateEncoder<Vec<u8>>,
    compressed: Pile,
    crc: Crc,
}

impl Default for Deflater {
    fn default() -> Self {
        let encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        Self { encoder, compressed: Pile::default(), crc: Crc::new() }
    }
}

impl Deflater {
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.crc.update(bytes);
        self.encoder.write_all(bytes).expect(MEMORY);
        self.collect();
    }

    pub(super) fn finish(mut self) -> Deflated {
        // Flushing ends the last block on a byte boundary without closing the stream.
        self.encoder.flush().expect(MEMORY);
        self.collect();
        Deflated { pieces: self.compressed.finish(), crc: self.crc }
    }

    fn collect(&mut self) {
        let compressed = self.encoder.get_mut();
        self.compressed.write(compressed);
        compressed.clear();
    }
}

/// Memory takes every byte.
const MEMORY: &str = "writing into memory cannot fail";

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    fn deflated(text: &[u8]) -> Deflated {
        let mut deflater = Deflater::default();
        text.chunks(100).for_each(|piece| deflater.write(piece));
        deflater.finish()
    }

    /// The text of a member; this decoder reads one, and checks its sum.
    fn text(member: Pieces) -> String {
        let (mut text, member) = (String::new(), member.collect::<Vec<_>>().concat());
        GzDecoder::new(&*member).read_to_string(&mut text).unwrap();
        text
    }

    proptest! {
        #[test]
        fn two_parts_are_one_member_with_the_text_of_both(first in ".{0,3000}", second in ".{0,300}") {
            let member = deflated(first.as_bytes()).member(second.as_bytes());
            prop_assert_eq!(text(member), first + &second);
        }
    }

    #[test]
    fn what_is_stored_may_be_longer_than_one_block() {
        for length in [0, 1, 65_535, 65_536, 200_000] {
            let long = "x".repeat(length);
            assert_eq!(text(deflated(b"a").member(long.as_bytes())), format!("a{long}"));
        }
    }
}
