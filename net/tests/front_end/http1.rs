//! HTTP/1.1 on the client port.

use crate::common::client::Client;
use crate::common::{Setup, connect, front, run};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::spawn_local;

/// The response to one request on a connection of its own: head and body.
async fn exchange(front: &std::rc::Rc<braid_net::FrontEnd>, request: &str) -> (String, String) {
    ask(connect(front, 1 << 16), request).await
}

async fn ask(mut socket: DuplexStream, request: &str) -> (String, String) {
    socket.write_all(request.as_bytes()).await.expect("written");
    let mut response = String::new();
    socket.read_to_string(&mut response).await.expect("a response in UTF-8");
    let (head, body) = response.split_once("\r\n\r\n").expect("a head");
    (head.to_ascii_lowercase(), body.to_owned())
}

async fn get(front: &std::rc::Rc<braid_net::FrontEnd>, path: &str) -> (String, String) {
    exchange(front, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await
}

#[test]
fn bodies_are_etcds_byte_for_byte() {
    run(async {
        let front = front(Setup::default());
        let expected = [
            ("/health", "200", r#"{"health":"true","reason":""}"#),
            (
                "/health?serializable=true&exclude=NOSPACE",
                "200",
                r#"{"health":"true","reason":""}"#,
            ),
            ("/livez", "200", "ok\n"),
            ("/livez?verbose", "200", "[+]serializable_read ok\nok\n"),
            (
                "/readyz?verbose&exclude=data_corruption",
                "200",
                "[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\nok\n",
            ),
            ("/readyz/non_learner?verbose", "200", "[+]non_learner ok\nok\n"),
            ("/readyz/nope", "404", "404 page not found\n"),
            ("/", "404", "404 page not found\n"),
            (
                "/version",
                "200",
                r#"{"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"}"#,
            ),
        ];
        for (path, status, body) in expected {
            let (head, found) = get(&front, path).await;
            assert!(head.starts_with(&format!("http/1.1 {status} ")), "{path}: {head}");
            assert_eq!(found, body, "{path}");
        }
    });
}

#[test]
fn other_verbs_are_not_allowed() {
    run(async {
        let front = front(Setup::default());
        let request = "POST /health HTTP/1.1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let (head, body) = exchange(&front, request).await;
        assert!(head.starts_with("http/1.1 405 ") && head.contains("allow: get"), "{head}");
        assert_eq!(body, "Method Not Allowed\n");
    });
}

#[test]
fn a_scrape_tells_what_was_called() {
    run(async {
        let front = front(Setup::default());
        let client = Client::connect(&front).await;
        let request =
            braid_net::proto::etcdserverpb::RangeRequest { key: "a".into(), ..Default::default() };
        let _: braid_net::proto::etcdserverpb::RangeResponse =
            client.call("/etcdserverpb.KV/Range", &request).await.expect("a range");
        let (head, body) = get(&front, "/metrics").await;
        assert!(head.contains("text/plain; version=0.0.4"), "{head}");
        for line in [
            "grpc_server_started_total{grpc_method=\"Range\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 1",
            "grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"Range\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 1",
            "etcd_network_client_grpc_received_bytes_total 3",
            "etcd_mvcc_db_total_size_in_bytes 100",
            "etcd_server_id{server_id=\"3e\"} 1",
            "test_more 7",
        ] {
            assert!(body.lines().any(|found| found == line), "{line} is missing");
        }
    });
}

/// A connection by the listener of `--listen-metrics-urls`.
fn connect_for_metrics(front: &std::rc::Rc<braid_net::FrontEnd>) -> DuplexStream {
    let (near, far) = tokio::io::duplex(1 << 16);
    spawn_local(braid_net::serve_metrics_connection(far, front.clone()));
    near
}

#[test]
fn the_metrics_listener_knows_metrics_and_health_alone() {
    run(async {
        let front = front(Setup::default());
        for (path, status) in [
            ("/metrics", "200"),
            ("/health", "200"),
            ("/livez", "200"),
            ("/readyz?verbose", "200"),
            ("/version", "404"),
            ("/v3/kv/range", "404"),
        ] {
            let request = format!("GET {path} HTTP/1.1\r\nconnection: close\r\n\r\n");
            let (head, _) = ask(connect_for_metrics(&front), &request).await;
            assert!(head.starts_with(&format!("http/1.1 {status} ")), "{path}: {head}");
        }
    });
}

#[test]
fn the_metrics_listener_speaks_no_grpc() {
    run(async {
        let front = front(Setup::default());
        let mut socket = connect_for_metrics(&front);
        // The preface and empty settings: an HTTP/2 server would answer with settings of its own.
        let greeting = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        socket.write_all(greeting).await.expect("written");
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.expect("closed");
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{answer:?}");
    });
}

#[test]
fn a_client_that_never_finishes_its_headers_is_sent_away() {
    run(async {
        let front = front(Setup::default());
        let mut socket = connect(&front, 1 << 16);
        socket.write_all(b"GET /health HTTP/1.1\r\nx: ").await.expect("written");
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).await.expect("closed");
        assert!(rest.is_empty());
    });
}

#[test]
fn a_client_that_says_nothing_is_sent_away() {
    run(async {
        let mut socket = connect(&front(Setup::default()), 1 << 16);
        assert_eq!(socket.read(&mut [0; 10]).await.expect("closed"), 0);
    });
}

#[test]
fn headers_without_end_are_refused() {
    run(async {
        let front = front(Setup::default());
        let mut socket = connect(&front, 1 << 16);
        let flood = vec![b'x'; 1 << 20];
        socket.write_all(b"GET / HTTP/1.1\r\nx: ").await.expect("written");
        // The server may close before it has taken everything.
        let _ = socket.write_all(&flood).await;
        let mut answer = String::new();
        let _ = socket.read_to_string(&mut answer).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    });
}
