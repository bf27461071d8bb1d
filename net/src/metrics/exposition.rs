//! Prometheus' text form.

use std::fmt::{Display, Write};

/// What a metric does over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Comes and goes.
    Gauge,
    /// Counts by size; see [`Exposition::histogram`].
    Histogram,
}

/// A scrape's answer while it is written.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
}

impl Exposition {
    /// Begins the metric `name`.
    pub fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    /// A value of the metric. Label values must need no escaping, as the names of this server do.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.text.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            // Writing to a string cannot fail.
            let _ = write!(self.text, "{before}{label}=\"{text}\"");
        }
        let after = if labels.is_empty() { "" } else { "}" };
        self.line(format_args!("{after} {value}"));
    }

    /// A metric with one value and no labels.
    pub fn single(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    /// A histogram without labels: `buckets` are upper bounds with their own counts, the last
    /// count being that of everything above.
    pub fn histogram(
        &mut self,
        name: &str,
        help: &str,
        buckets: &[(f64, u64)],
        above: u64,
        sum: f64,
    ) {
        self.family(name, Kind::Histogram, help);
        let (bucket, mut total) = (format!("{name}_bucket"), 0);
        for &(bound, count) in buckets {
            total += count;
            self.sample(&bucket, &[("le", &bound.to_string())], total);
        }
        total += above;
        self.sample(&bucket, &[("le", "+Inf")], total);
        self.sample(&format!("{name}_sum"), &[], sum);
        self.sample(&format!("{name}_count"), &[], total);
    }

    /// The text.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.text, "{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_with_and_without_labels() {
        let mut exposition = Exposition::default();
        exposition.family("a_total", Kind::Counter, "How many.");
        exposition.sample("a_total", &[("x", "1"), ("y", "z")], 5);
        exposition.single("b", Kind::Gauge, "Now.", 0.5);
        let expected = "# HELP a_total How many.\n# TYPE a_total counter\n\
            a_total{x=\"1\",y=\"z\"} 5\n# HELP b Now.\n# TYPE b gauge\nb 0.5\n";
        assert_eq!(exposition.finish(), expected);
    }

    #[test]
    fn buckets_add_up() {
        let mut exposition = Exposition::default();
        exposition.histogram("h", "Sizes.", &[(0.001, 2), (0.002, 1)], 4, 9.5);
        let text = exposition.finish();
        assert!(text.contains("h_bucket{le=\"0.002\"} 3\nh_bucket{le=\"+Inf\"} 7\n"));
        assert!(text.ends_with("h_sum 9.5\nh_count 7\n"));
    }
}
