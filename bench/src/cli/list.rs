//! `braid-bench list`.

use clap::ValueEnum;

use crate::workload::Workload;

/// Prints the workloads with what they do.
pub fn list() {
    for value in Workload::value_variants().iter().filter_map(ValueEnum::to_possible_value) {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        println!("{:<18} {help}", value.get_name());
    }
}
