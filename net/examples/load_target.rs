//! Serves the tests' small engine on loopback, one thread, so that the front-end's own cost can
//! be measured with any HTTP/2 load generator. The argument is the port.

#[path = "../tests/common/mod.rs"]
mod common;

use braid_net::serve_connection;
use std::rc::Rc;
use tokio::task::{LocalSet, spawn_local};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args().nth(1).ok_or("usage: load_target PORT")?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let front = common::front(common::Setup::default());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            spawn_local(serve_connection(socket, Rc::clone(&front)));
        }
    })
}
