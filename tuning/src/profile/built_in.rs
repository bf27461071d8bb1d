//! The profiles that come with the program, for kinds of hardware.

/// Names and texts.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("laptop", include_str!("../../profiles/laptop.toml")),
    ("cloud-network-disk", include_str!("../../profiles/cloud-network-disk.toml")),
    ("cloud-nvme", include_str!("../../profiles/cloud-nvme.toml")),
    ("bare-metal-nvme", include_str!("../../profiles/bare-metal-nvme.toml")),
    ("container", include_str!("../../profiles/container.toml")),
];

/// The text of the profile called `name`.
pub(super) fn text(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// All names, for people.
pub(super) fn names() -> String {
    BUILT_IN.map(|(name, _)| name).join(", ")
}
