//! What a figure should reach.

use serde::Serialize;

use super::metric::Metric;

/// A limit for Braid's figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "figure")]
pub enum Target {
    /// This many times the other's figure, or more.
    TimesAtLeast(f64),
    /// This share of the other's figure, or less.
    TimesAtMost(f64),
    /// This, or less, whatever the other has.
    AtMost(f64),
}

impl Target {
    /// Whether a median ratio and a median figure reach it.
    pub fn is_met(self, ratio: f64, figure: f64) -> bool {
        match self {
            Self::TimesAtLeast(least) => ratio >= least,
            Self::TimesAtMost(most) => ratio <= most,
            Self::AtMost(most) => figure <= most,
        }
    }

    /// For people.
    pub fn text(self, metric: Metric) -> String {
        match self {
            Self::TimesAtLeast(least) => format!(">= {least:.2}x"),
            Self::TimesAtMost(most) => format!("<= {most:.2}x"),
            Self::AtMost(most) => format!("<= {}", metric.text(most)),
        }
    }
}
