//! What this kernel's io_uring can do beyond what the server needs: asked, not guessed from the
//! kernel's version, since distributions take features over and filters take them away.

use io_uring::{Builder, IoUring, Probe, opcode};

/// A feature and whether it is there.
pub type Feature = (&'static str, bool);

/// Operations that came after those that [`crate::probe`] asks for.
const OPERATIONS: [(&str, u8); 5] = [
    ("SENDMSG_ZC", opcode::SendMsgZc::CODE),
    ("SEND_ZC", opcode::SendZc::CODE),
    ("SOCKET", opcode::Socket::CODE),
    ("URING_CMD", opcode::UringCmd16::CODE),
    ("FUTEX_WAIT", opcode::FutexWait::CODE),
];

/// Asks for the features of rings, the ways to set one up, and the newer operations. Empty when no
/// ring can be made at all.
#[must_use]
pub fn list() -> Vec<Feature> {
    let Ok(ring) = IoUring::new(8) else { return Vec::new() };
    let mut features = of_rings(&ring);
    features.extend(setups());
    let mut probe = Probe::new();
    let asked = ring.submitter().register_probe(&mut probe).is_ok();
    features.extend(OPERATIONS.map(|(name, code)| (name, asked && probe.is_supported(code))));
    features
}

fn of_rings(ring: &IoUring) -> Vec<Feature> {
    let parameters = ring.params();
    vec![
        ("FAST_POLL", parameters.is_feature_fast_poll()),
        ("NODROP", parameters.is_feature_nodrop()),
        ("EXT_ARG", parameters.is_feature_ext_arg()),
        ("NATIVE_WORKERS", parameters.is_feature_native_workers()),
    ]
}

/// Ways to set a ring up, each tried out.
fn setups() -> [Feature; 4] {
    let works =
        |set: fn(&mut Builder) -> &mut Builder| set(&mut IoUring::builder()).build(8).is_ok();
    [
        ("COOP_TASKRUN", works(|builder| builder.setup_coop_taskrun())),
        ("SINGLE_ISSUER", works(|builder| builder.setup_single_issuer())),
        ("DEFER_TASKRUN", works(|builder| builder.setup_single_issuer().setup_defer_taskrun())),
        ("IOPOLL", works(|builder| builder.setup_iopoll())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_supported_kernel_has_is_found() {
        let features = list();
        assert!(features.contains(&("NODROP", true)), "{features:?}");
        assert!(features.contains(&("FAST_POLL", true)), "{features:?}");
    }
}
