//! Whether the machine is a virtual one, and whether this process is in a container.

use std::path::Path;

use super::files;

/// What the machine runs under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Virtualisation {
    /// Whether there is a hypervisor; none when nothing tells.
    pub hypervisor: Option<bool>,
    /// Maker and product, by the machine's firmware.
    pub product: Option<String>,
    /// The container's kind, as far as it shows.
    pub container: Option<String>,
}

impl Virtualisation {
    pub(super) fn read(root: &Path) -> Self {
        Self {
            hypervisor: files::text(root, "proc/cpuinfo").and_then(|text| hypervisor(&text)),
            product: product(root),
            container: container(root),
        }
    }
}

/// x86 processors have a flag for it; others say nothing.
fn hypervisor(cpuinfo: &str) -> Option<bool> {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"))?;
    Some(flags.split_whitespace().any(|flag| flag == "hypervisor"))
}

fn product(root: &Path) -> Option<String> {
    let of = |name: &str| files::text(root, &format!("sys/class/dmi/id/{name}"));
    match (of("sys_vendor"), of("product_name")) {
        (Some(vendor), Some(name)) => Some(format!("{vendor} {name}")),
        (vendor, name) => vendor.or(name),
    }
}

fn container(root: &Path) -> Option<String> {
    if let Some(kind) = files::text(root, "run/systemd/container") {
        return Some(kind);
    }
    let marks = [(".dockerenv", "docker"), ("run/.containerenv", "podman")];
    marks.iter().find(|(path, _)| root.join(path).exists()).map(|(_, kind)| (*kind).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_machine_and_a_container() {
        let root = files::tree(&[
            ("proc/cpuinfo", "flags\t\t: fpu sse hypervisor lm\n"),
            ("sys/class/dmi/id/sys_vendor", "Some Cloud\n"),
            ("sys/class/dmi/id/product_name", "m9.large\n"),
            (".dockerenv", ""),
        ]);
        let found = Virtualisation::read(root.path());
        assert_eq!(found.hypervisor, Some(true));
        assert_eq!(found.product.as_deref(), Some("Some Cloud m9.large"));
        assert_eq!(found.container.as_deref(), Some("docker"));
        assert_eq!(hypervisor("flags : fpu\n"), Some(false));
    }
}
