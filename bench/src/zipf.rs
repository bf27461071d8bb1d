//! Zipf's distribution over a fixed number of items, by the inversion of Gray et al., "Quickly
//! generating billion-record synthetic databases" (1994).

/// The share of the most frequent items; YCSB uses the same.
const THETA: f64 = 0.99;

/// Spreads neighbouring ranks over the items: a prime, and so without common factors with any
/// smaller number of items.
const SPREAD: u128 = 0xffff_ffff_ffff_ffc5;

/// A distribution; picking from it costs two powers.
#[derive(Clone, Debug)]
pub struct Zipf {
    items: u64,
    zeta: f64,
    alpha: f64,
    eta: f64,
}

impl Zipf {
    /// `items` is at least 1. Takes time in proportion to them.
    pub fn new(items: u64) -> Self {
        let zeta = zeta(items);
        let alpha = 1.0 / (1.0 - THETA);
        let eta = (1.0 - (2.0 / items as f64).powf(1.0 - THETA)) / (1.0 - zeta_of_two() / zeta);
        Self { items, zeta, alpha, eta }
    }

    /// An item.
    pub fn pick(&self, rng: &mut fastrand::Rng) -> u64 {
        let rank = self.rank(rng.f64()).min(self.items - 1);
        (u128::from(rank) * SPREAD % u128::from(self.items)) as u64
    }

    fn rank(&self, uniform: f64) -> u64 {
        let scaled = uniform * self.zeta;
        if scaled < 1.0 {
            return 0;
        }
        if scaled < zeta_of_two() {
            return 1;
        }
        (self.items as f64 * (self.eta * uniform - self.eta + 1.0).powf(self.alpha)) as u64
    }
}

fn zeta(items: u64) -> f64 {
    (1..=items).map(|rank| (rank as f64).powf(-THETA)).sum()
}

fn zeta_of_two() -> f64 {
    1.0 + 2f64.powf(-THETA)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(items: u64, picks: usize) -> Vec<usize> {
        let zipf = Zipf::new(items);
        let mut rng = fastrand::Rng::with_seed(7);
        let mut counts = vec![0; items as usize];
        for _ in 0..picks {
            counts[zipf.pick(&mut rng) as usize] += 1;
        }
        counts
    }

    #[test]
    fn the_first_item_has_the_share_that_the_law_gives_it() {
        let mut counts = counts(1000, 200_000);
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let expected = 200_000.0 / zeta(1000);
        assert!((counts[0] as f64 / expected - 1.0).abs() < 0.05, "{} {expected}", counts[0]);
        assert!((counts[1] as f64 / counts[0] as f64 - 0.503).abs() < 0.03);
    }

    #[test]
    fn every_item_can_come_even_when_there_are_few() {
        for items in 1..5 {
            assert!(counts(items, 2000).iter().all(|&count| count > 0), "{items}");
        }
    }
}
