//! What is compared: servers that are started afresh, and the steps that each of them goes through.

use super::metric::Metric;
use super::target::Target;
use crate::host::Cpus;
use crate::shape::LoadOptions;
use crate::workload::Workload;

/// Steps on one kind of server. Each run begins with a new server without data.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What stands in place of the reference: none means the server that is compared with.
    pub reference: Option<Version>,
    /// How Braid is started.
    pub braid: Version,
    /// What happens on each, in this order.
    pub steps: Vec<Step>,
}

/// How Braid is started.
#[derive(Clone, Debug, Default)]
pub struct Version {
    /// Arguments beside the usual ones.
    pub arguments: Vec<String>,
    /// Processors, when they are not the usual ones.
    pub cpus: Option<Cpus>,
}

/// One workload and what is looked at.
#[derive(Clone, Debug)]
pub struct Step {
    /// Names the row.
    pub title: String,
    /// What clients do.
    pub workload: Workload,
    /// How much of it.
    pub options: LoadOptions,
    /// Writers beside it write at this share of the rate that the reference can bear.
    pub write_share: Option<f64>,
    /// The figures, and what they should reach.
    pub metrics: Vec<(Metric, Vec<Target>)>,
}

impl Version {
    /// Braid with some arguments.
    pub fn with(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { arguments, cpus: None }
    }
}

impl Scenario {
    /// Steps on the reference and on Braid as it is by default.
    pub fn new(steps: Vec<Step>) -> Self {
        Self { reference: None, braid: Version::default(), steps }
    }

    /// The same with another Braid.
    pub fn of(self, braid: Version) -> Self {
        Self { braid, ..self }
    }

    /// The same against another Braid.
    pub fn against(self, reference: Version) -> Self {
        Self { reference: Some(reference), ..self }
    }
}

impl Step {
    /// A workload of its usual size.
    pub fn new(title: &str, workload: Workload) -> Self {
        let options = LoadOptions::default();
        Self { title: title.into(), workload, options, write_share: None, metrics: vec![] }
    }

    /// Another size.
    pub fn sized(mut self, size: impl FnOnce(&mut LoadOptions)) -> Self {
        size(&mut self.options);
        self
    }

    /// A figure and what it should reach.
    pub fn shows(mut self, metric: Metric, targets: &[Target]) -> Self {
        self.metrics.push((metric, targets.to_vec()));
        self
    }
}
