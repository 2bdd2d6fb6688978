//! An answer in pieces: what was rendered for everybody is sent as it lies, never copied and never in one.

use std::sync::Arc;

use bytes::Bytes;

/// From this size on what was written is a piece of its own: memory that grows by doubling would hold half as much again.
const PIECE: usize = 256 << 10;

/// Rendered text, or the same compressed, in the order of the pieces.
pub type Rendered = Arc<[Bytes]>;

/// Collects what is written.
#[derive(Debug, Default)]
pub(super) struct Pile {
    full: Vec<Bytes>,
    last: Vec<u8>,
}

impl Pile {
    /// Takes in the next bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.last.extend_from_slice(bytes);
        if self.last.len() >= PIECE {
            self.end();
        }
    }

    /// All of it.
    pub(super) fn finish(mut self) -> Rendered {
        if !self.last.is_empty() {
            self.end();
        }
        self.full.into()
    }

    /// Ends a piece. The room that nothing was written into is given back.
    fn end(&mut self) {
        self.full.push(std::mem::take(&mut self.last).into_boxed_slice().into());
    }
}

/// What is sent for one scrape: a head, what was rendered for everybody, and what is of this scrape alone.
#[derive(Debug, Default)]
pub struct Pieces {
    head: Bytes,
    rendered: Rendered,
    sent: usize,
    tail: [Bytes; 2],
}

impl Pieces {
    /// Of these.
    pub fn of(head: Bytes, rendered: Rendered, tail: [Bytes; 2]) -> Self {
        Self { head, rendered, sent: 0, tail }
    }

    /// How many bytes are still to come.
    pub fn len(&self) -> u64 {
        let rest = self.rendered[self.sent..].iter().chain(&self.tail);
        rest.map(|piece| piece.len() as u64).sum::<u64>() + self.head.len() as u64
    }

    /// Whether everything was taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A whole that is in one.
impl From<Bytes> for Pieces {
    fn from(whole: Bytes) -> Self {
        Self::of(whole, Rendered::default(), [Bytes::new(), Bytes::new()])
    }
}

/// The pieces that have anything in them.
impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if !self.head.is_empty() {
            return Some(std::mem::take(&mut self.head));
        }
        if let Some(piece) = self.rendered.get(self.sent) {
            self.sent += 1;
            return Some(piece.clone());
        }
        self.tail.iter_mut().find(|piece| !piece.is_empty()).map(std::mem::take)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_comes_out_in_its_order_and_its_length_is_told_before(
            written in prop::collection::vec(0..100_000_usize, 0..12),
            ends in [0..3_usize, 0..3, 0..3],
        ) {
            let mut pile = Pile::default();
            let mut expected = vec![b'h'; ends[0]];
            for (number, length) in (b'0'..).zip(&written) {
                pile.write(&vec![number; *length]);
                expected.extend(vec![number; *length]);
            }
            expected.extend(vec![b't'; ends[1] + ends[2]]);
            let [head, live, tail] = [(b'h', ends[0]), (b't', ends[1]), (b't', ends[2])]
                .map(|(byte, length)| Bytes::from(vec![byte; length]));
            let mut pieces = Pieces::of(head, pile.finish(), [live, tail]);
            prop_assert_eq!(pieces.len(), expected.len() as u64);
            prop_assert_eq!(pieces.is_empty(), expected.is_empty());
            prop_assert!(pieces.rendered.iter().all(|piece| piece.len() < 256 * 1024 + 100_000));
            let but_the_last = pieces.rendered.iter().rev().skip(1);
            prop_assert!(but_the_last.into_iter().all(|piece| piece.len() >= 256 * 1024), "few pieces");
            let sent: Vec<Bytes> = pieces.by_ref().collect();
            prop_assert!(sent.iter().all(|piece| !piece.is_empty()));
            prop_assert_eq!(sent.concat(), expected);
            prop_assert!(pieces.is_empty());
        }
    }

    #[test]
    fn what_is_in_one_is_sent_in_one() {
        let mut pieces = Pieces::from(Bytes::from_static(b"whole"));
        assert_eq!((pieces.len(), pieces.next()), (5, Some(Bytes::from_static(b"whole"))));
        assert_eq!((pieces.len(), pieces.next()), (0, None));
    }
}
