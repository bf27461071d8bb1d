use super::*;
use futures_lite::future::zip;
use glommio::LocalExecutor;
use std::future::poll_fn;
use std::io::Read;
use std::net::TcpListener;
use std::thread;

/// A stream on this executor and the blocking socket at its other end.
fn pair() -> (Stream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    (Stream::new(server, None).unwrap(), client)
}

async fn read(stream: &mut Stream, room: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![MaybeUninit::uninit(); room];
    let mut buffer = ReadBuf::uninit(&mut bytes);
    poll_fn(|context| Pin::new(&mut *stream).poll_read(context, &mut buffer)).await?;
    Ok(buffer.filled().to_vec())
}

async fn write(stream: &mut Stream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    poll_fn(|context| Pin::new(&mut *stream).poll_write_vectored(context, slices)).await
}

fn run<T>(test: impl Future<Output = T>) -> T {
    LocalExecutor::default().run(test)
}

#[test]
fn bytes_arrive_in_pieces_as_large_as_asked() {
    run(async {
        let (mut stream, mut client) = pair();
        client.write_all(b"hello world").unwrap();
        assert_eq!(read(&mut stream, 5).await.unwrap(), b"hello");
        assert_eq!(read(&mut stream, 100).await.unwrap(), b" world");
        client.write_all(b"!").unwrap();
        assert_eq!(read(&mut stream, 100).await.unwrap(), b"!");
        drop(client);
        assert_eq!(read(&mut stream, 100).await.unwrap(), b"");
        assert_eq!(read(&mut stream, 100).await.unwrap(), b"");
    });
}

#[test]
fn a_read_waits_for_what_comes_later() {
    run(async {
        let (mut stream, mut client) = pair();
        let late = async {
            crate::clock::sleep(std::time::Duration::from_millis(5)).await;
            client.write_all(b"late").unwrap();
        };
        let (bytes, ()) = zip(read(&mut stream, 100), late).await;
        assert_eq!(bytes.unwrap(), b"late");
    });
}

#[test]
fn slices_leave_in_one_write() {
    run(async {
        let (mut stream, mut client) = pair();
        let slices = [IoSlice::new(b"one "), IoSlice::new(b""), IoSlice::new(b"two")];
        assert_eq!(write(&mut stream, &slices).await.unwrap(), 7);
        let mut bytes = [0; 7];
        client.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"one two");
    });
}

#[test]
fn a_slow_reader_gets_everything() {
    const TOTAL: usize = 32 << 20;
    let (hand, client) = std::sync::mpsc::channel();
    let server = thread::spawn(move || {
        run(async move {
            let (mut stream, client) = pair();
            hand.send(client).unwrap();
            let chunk = vec![7; 1 << 20];
            let mut left = TOTAL;
            while left > 0 {
                left -=
                    write(&mut stream, &[IoSlice::new(&chunk[..left.min(1 << 20)])]).await.unwrap();
            }
            poll_fn(|context| Pin::new(&mut stream).poll_shutdown(context)).await.unwrap();
        });
    });
    let mut bytes = Vec::new();
    client.recv().unwrap().read_to_end(&mut bytes).unwrap();
    assert!(bytes.len() == TOTAL && bytes.iter().all(|&byte| byte == 7));
    server.join().unwrap();
}

#[test]
fn a_reset_connection_is_an_error() {
    run(async {
        let (mut stream, client) = pair();
        stream.socket.write_all(b"unread").unwrap();
        // Closing with unread bytes resets the connection.
        drop(client);
        let error = loop {
            match read(&mut stream, 10).await {
                Ok(bytes) => assert!(bytes.is_empty()),
                Err(error) => break error,
            }
            write(&mut stream, &[IoSlice::new(b"x")]).await.ok();
        };
        assert!(matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe));
    });
}

#[test]
fn more_sockets_than_one_call_tells_of_are_all_heard() {
    run(async {
        let mut pairs: Vec<_> = (0..300).map(|_| pair()).collect();
        for round in 0..3 {
            for (_, client) in &mut pairs {
                client.write_all(&[round]).unwrap();
            }
            for (stream, _) in pairs.iter_mut().rev() {
                assert_eq!(read(stream, 10).await.unwrap(), [round]);
            }
        }
    });
}

#[test]
fn a_place_is_taken_again_without_what_its_last_owner_heard() {
    run(async {
        for _ in 0..3 {
            let (mut stream, mut client) = pair();
            client.write_all(b"x").unwrap();
            assert_eq!(read(&mut stream, 10).await.unwrap(), b"x");
            let waits = poll_fn(|context| {
                let mut bytes = [MaybeUninit::uninit(); 10];
                let mut buffer = ReadBuf::uninit(&mut bytes);
                Poll::Ready(Pin::new(&mut stream).poll_read(context, &mut buffer).is_pending())
            });
            assert!(waits.await);
        }
    });
}

#[test]
fn executors_of_one_thread_have_pollers_of_their_own() {
    for _ in 0..2 {
        bytes_arrive_in_pieces_as_large_as_asked();
    }
}
