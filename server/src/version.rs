//! What `braid --version` prints.

pub use braid_net::identity::ETCD_VERSION;

/// Braid's own version.
pub const BRAID_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The text of `--version`: Braid's line, then the lines that scripts expect of etcd, as far as
/// they can be true of a program that is not written in Go.
#[must_use]
pub fn text() -> String {
    format!(
        "Braid Version: {BRAID_VERSION}\n\
         etcd Version: {ETCD_VERSION}\n\
         Git SHA: {}\n\
         Go Version: none (Rust)\n\
         Go OS/Arch: {}/{}\n",
        option_env!("BRAID_GIT_SHA").unwrap_or("not recorded"),
        std::env::consts::OS,
        go_architecture(std::env::consts::ARCH),
    )
}

/// Go's name of a processor.
fn go_architecture(rust: &str) -> &str {
    match rust {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn first_two_lines() {
        let text = super::text();
        let mut lines = text.lines();
        assert_eq!(lines.next().unwrap(), format!("Braid Version: {}", super::BRAID_VERSION));
        assert_eq!(lines.next().unwrap(), "etcd Version: 3.7.1");
    }
}
