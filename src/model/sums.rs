//! Sums of many people's counts, packed: while a report is read there is one for every scope, day, language and editor.

/// `N` sums, eight at most. Each is unknown as soon as a part of it is, or when it is beyond every number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums<const N: usize> {
    sums: [i64; N],
    /// A bit for each sum that is unknown.
    unknown: u8,
}

impl<const N: usize> Default for Sums<N> {
    fn default() -> Self {
        Self { sums: [0; N], unknown: 0 }
    }
}

impl<const N: usize> Sums<N> {
    /// Adds to each.
    pub(super) fn add(&mut self, parts: [Option<i64>; N]) {
        for (index, (sum, part)) in self.sums.iter_mut().zip(parts).enumerate() {
            match part.and_then(|part| sum.checked_add(part)) {
                Some(more) => *sum = more,
                None => self.unknown |= 1 << index,
            }
        }
    }

    /// Each, where it is known.
    pub(super) fn get(&self) -> [Option<i64>; N] {
        std::array::from_fn(|index| (self.unknown & (1 << index) == 0).then_some(self.sums[index]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_part_or_too_much_makes_that_sum_unknown_and_no_other() {
        let mut sums = Sums::<3>::default();
        assert_eq!(sums.get(), [Some(0); 3]);
        sums.add([Some(1), None, Some(i64::MAX)]);
        sums.add([Some(2), Some(5), Some(1)]);
        assert_eq!(sums.get(), [Some(3), None, None]);
        sums.add([Some(-3), Some(5), Some(-1)]);
        assert_eq!(sums.get(), [Some(0), None, None], "once unknown, unknown for good");
    }
}
