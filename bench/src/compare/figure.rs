//! One figure of two servers, side by side.

use serde::Serialize;

use super::metric::Metric;
use super::rank::{chance, least_chance, median};
use super::target::Target;
use crate::report::RunReport;

/// Below this chance a difference counts as real.
const REAL: f64 = 0.05;

/// A figure of the reference and of Braid.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// Which.
    pub metric: Metric,
    /// Of each run of the reference, in the order of the runs.
    pub reference: Vec<f64>,
    /// Of each run of Braid.
    pub braid: Vec<f64>,
    /// Braid's figure over the reference's, median over the pairs of neighbouring runs.
    pub ratio: f64,
    /// The lowest and the highest of them.
    pub spread: (f64, f64),
    /// How likely such a difference is by chance.
    pub chance: f64,
    /// What the test says.
    pub difference: Difference,
    /// What should be reached.
    pub targets: Vec<(Target, bool)>,
}

/// What the rank test says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Difference {
    /// It is hardly chance.
    Real,
    /// It may be chance.
    NotShown,
    /// So few runs could never show one.
    TooFewRuns,
}

impl Figure {
    /// Compares a figure of runs that were made in turn; none when a run does not have it.
    pub fn new(
        metric: Metric,
        targets: &[Target],
        reference: &[RunReport],
        braid: &[RunReport],
    ) -> Option<Self> {
        let of =
            |runs: &[RunReport]| runs.iter().map(|run| metric.of(run)).collect::<Option<Vec<_>>>();
        let (reference, braid) = (of(reference)?, of(braid)?);
        let ratios = ratios(&reference, &braid);
        let (ratio, figure) = (median(&ratios), median(&braid));
        let targets = targets.iter().map(|target| (*target, target.is_met(ratio, figure)));
        let chance = chance(&reference, &braid);
        Some(Self {
            metric,
            ratio,
            spread: (*ratios.first()?, *ratios.last()?),
            chance,
            difference: Difference::new(chance, least_chance(reference.len(), braid.len())),
            targets: targets.collect(),
            reference,
            braid,
        })
    }
}

/// Braid's figures over the reference's, pair by pair, the lowest first.
pub fn ratios(reference: &[f64], braid: &[f64]) -> Vec<f64> {
    let pairs = braid.iter().zip(reference);
    let mut ratios: Vec<_> = pairs.map(|(braid, reference)| ratio_of(*braid, *reference)).collect();
    ratios.sort_by(f64::total_cmp);
    ratios
}

/// Two figures of nothing are the same.
fn ratio_of(braid: f64, reference: f64) -> f64 {
    if braid == reference { 1.0 } else { braid / reference }
}

impl Difference {
    fn new(chance: f64, least: f64) -> Self {
        match chance {
            _ if least >= REAL => Self::TooFewRuns,
            chance if chance < REAL => Self::Real,
            _ => Self::NotShown,
        }
    }

    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::NotShown => "not shown",
            Self::TooFewRuns => "too few runs",
        }
    }
}
