use std::io::Write;

use super::*;

fn refused(text: &str) -> LineError {
    Profile::parse(text).expect_err(text)
}

#[test]
fn every_key_is_read() {
    let text = "version = 1\ncores = 3\nleave-cpus = 1\nplacement = \"compact\"\nspin-us = 0\n\
        sync = \"dsync\"\nsegment-bytes = 1_048_576\nbatch-bytes = 65536\nreads-in-flight = 1\n\
        memory-bytes = 16_777_216\nin-flight-bytes = 67_108_864\nio-memory-bytes = 65536\n\
        ring-depth = 32";
    let profile = Profile::parse(text).unwrap();
    assert_eq!(profile.cores.map(Bounded::get), Some(3));
    assert_eq!((profile.placement, profile.sync), (Some(Placement::Compact), Some(Sync::Dsync)));
    assert_eq!(profile.segment_bytes.map(Bounded::get), Some(1 << 20));
    assert_eq!(profile.ring_depth.map(PowerOfTwo::get), Some(32));
}

#[test]
fn a_version_alone_leaves_all_open() {
    let profile = Profile::parse("version = 1").unwrap();
    assert_eq!(profile, Profile { version: 1, ..Profile::default() });
}

#[test]
fn each_error_names_its_line() {
    for (line, part) in [
        ("speed = 11", "unknown field `speed`"),
        ("sync = \"never\"", "unknown variant `never`, expected `fdatasync` or `dsync`"),
        ("sync = 1", "wanted string"),
        ("cores = \"all\"", "invalid type: string \"all\", expected u64"),
        ("cores = 0", "0 must be from 1 to 256"),
        ("segment-bytes = 1000", "must be a multiple of 4096 from 1048576 to 1073741824"),
        ("segment-bytes = -1", "-1"),
        ("spin-us = 5000", "5000 must be from 0 to 1000"),
        ("io-memory-bytes = 100000", "must be a power of two"),
        ("version = 1", "duplicate key"),
        ("sync = ", ""),
    ] {
        let error = refused(&format!("# head\nversion = 1\n{line}\n"));
        assert_eq!((error.number, error.text.as_str()), (3, line.trim()), "{error}");
        assert!(error.message.contains(part), "{line}: {error}");
        assert!(!error.to_string().contains('\n'), "one line for the log: {error}");
    }
}

#[test]
fn a_newer_version_is_told_before_its_keys() {
    let error = refused("\nwarp = 9\nversion = 2");
    assert_eq!((error.number, error.text.as_str()), (3, "version = 2"));
    assert!(error.message.contains("reads version 1; use a newer braid"), "{error}");
    assert!(!refused("version = 0").message.contains("newer"));
    assert!(refused("cores = 1").message.contains("add the line `version = 1`"));
    assert!(refused("version = \"1\"").message.contains("expected u64"));
}

#[test]
fn what_cannot_be_read_is_named() {
    let error = Profile::load("/nowhere/at/all").unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/at/all: cannot be read"), "{error}");
    assert!(error.contains("laptop, cloud-network-disk"), "{error}");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&vec![b'#'; 70_000]).unwrap();
    let error = Profile::load(file.path().to_str().unwrap()).unwrap_err();
    assert!(matches!(error, ProfileError::TooLarge { .. }), "{error}");
}

#[test]
fn a_file_is_named_with_its_line() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"version = 1\n\nspeed = 11\n").unwrap();
    let path = file.path().to_str().unwrap();
    let error = Profile::load(path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{path}, line 3 (\"speed = 11\"): ")), "{error}");
}

#[test]
fn all_that_are_built_in_load_and_say_what_they_assume() {
    for (name, text) in BUILT_IN {
        Profile::load(name).unwrap();
        assert!(text.contains("# Assumes: "), "{name}");
    }
}
