//! Chance that can be asked again: dice made of numbers that never change, so that the same question
//! gets the same answer in every process, in any order.

use fastrand::Rng;

/// A well-spread number from two others, the same on every machine (the finaliser of SplitMix64).
pub(super) fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed ^ number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Dice for one question about whatever `seed` stands for. Who asks a new question leaves the answers to
/// all others as they were.
pub(super) fn about(seed: u64, question: &str) -> Rng {
    Rng::with_seed(mix(seed, label(question)))
}

/// A number for a word.
fn label(word: &str) -> u64 {
    word.bytes().fold(0, |number, byte| mix(number, byte.into()))
}

/// Whether something that happens `permille` times in a thousand happens now.
pub(super) fn chance(rng: &mut Rng, permille: u64) -> bool {
    rng.u64(..1000) < permille
}

/// One of `choices`, each as often as its weight says. `choices` must not be empty.
pub(super) fn weighted<T: Copy>(rng: &mut Rng, choices: &[(T, u64)]) -> T {
    let total: u64 = choices.iter().map(|(_, weight)| weight).sum();
    let mut left = rng.u64(..total);
    for (choice, weight) in choices {
        if left < *weight {
            return *choice;
        }
        left -= weight;
    }
    unreachable!("the number drawn is below the sum of the weights")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_numbers_give_the_same_dice_and_neighbours_differ() {
        assert_eq!(mix(1, 2), mix(1, 2));
        let mut all: Vec<_> = (0..100).flat_map(|a| (0..100).map(move |b| mix(a, b))).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 10_000);
    }

    #[test]
    fn weights_are_kept() {
        let mut rng = Rng::with_seed(7);
        let drawn = (0..10_000).filter(|_| weighted(&mut rng, &[(true, 3), (false, 1)])).count();
        assert!((7300..7700).contains(&drawn), "{drawn}");
    }
}
