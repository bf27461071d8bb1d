//! Calls that take long are told of, others are not.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::common::client::{Client, Ended};
use crate::common::{Setup, engine, front, run};
use braid_core::error::Code;
use braid_net::grpc::method::Method;
use braid_net::grpc::slow::{SlowCall, SlowCalls};
use braid_net::proto::etcdserverpb as pb;

/// A setup whose engine never answers a Put, and what is told of.
fn setup(threshold: Duration) -> (Setup, Rc<RefCell<Vec<SlowCall>>>) {
    let told = Rc::new(RefCell::new(Vec::new()));
    let into = told.clone();
    let log = Rc::new(move |call: &dyn Fn() -> SlowCall| into.borrow_mut().push(call()));
    let engine = engine::Options { stuck_puts: true, ..engine::Options::default() };
    let slow_calls = SlowCalls { threshold, log };
    (Setup { engine, slow_calls, ..Setup::default() }, told)
}

async fn put(client: &Client) -> Result<pb::PutResponse, Ended> {
    let request = pb::PutRequest { key: "k".into(), value: "v".into(), ..Default::default() };
    client.call("/etcdserverpb.KV/Put", &request).await
}

#[test]
fn a_call_that_the_engine_does_not_answer_is_told_once() {
    run(async {
        let (setup, told) = setup(Duration::from_millis(300));
        let client = Client::connect(&front(setup)).await;
        assert_eq!(put(&client).await.expect_err("times out").code, Code::Unavailable as u32);
        let [call] = &told.borrow()[..] else { panic!("{told:?}") };
        assert_eq!((call.method, call.code), (Method::Put, Code::Unavailable));
        assert_eq!(call.request, r#"key:"k" value_size:1"#);
        assert!(call.took >= Duration::from_secs(7), "{call:?}");
    });
}

#[test]
fn a_quick_call_is_not_told() {
    run(async {
        let (setup, told) = setup(Duration::from_millis(300));
        let client = Client::connect(&front(setup)).await;
        let range = pb::RangeRequest { key: "k".into(), ..Default::default() };
        let found: Result<pb::RangeResponse, Ended> =
            client.call("/etcdserverpb.KV/Range", &range).await;
        assert!(found.is_ok() && told.borrow().is_empty());
    });
}
