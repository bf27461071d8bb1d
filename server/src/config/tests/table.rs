use std::collections::BTreeSet;

use crate::config::option::Treatment;
use crate::config::table;
use crate::config::value::Value;

#[test]
fn names_are_unique_and_defaults_are_of_their_kind() {
    let mut names = BTreeSet::new();
    for option in table::all() {
        assert!(names.insert(option.name), "{} stands twice", option.name);
        let old_name = matches!(option.treatment, Treatment::Renamed(_));
        assert!(old_name || Value::parse(option.kind, option.default).is_ok(), "{}", option.name);
    }
}

#[test]
fn old_names_lead_to_options_of_the_same_kind() {
    for option in table::all() {
        let target = table::target(option);
        assert_eq!(option.kind, target.kind, "{}", option.name);
        assert!(!matches!(target.treatment, Treatment::Renamed(_)), "{}", option.name);
    }
}

#[test]
fn texts_fit_their_sentences() {
    for option in table::all() {
        assert!(option.help.is_empty() || option.help.ends_with('.'), "{}", option.name);
        if let Treatment::Harmless(why) | Treatment::Refused(why) = option.treatment {
            assert!(!why.ends_with('.'), "{}", option.name);
        }
    }
}

#[test]
fn variables() {
    assert_eq!(table::find("data-dir").unwrap().variable(), "ETCD_DATA_DIR");
    assert_eq!(table::find("cores").unwrap().variable(), "BRAID_CORES");
}

#[test]
fn values_of_help_are_in_the_table() {
    assert!(table::find("name").is_some() && table::find("nothing").is_none());
}
