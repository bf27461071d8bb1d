//! Connections that come and go.

use crate::failure::Failure;
use crate::load::{Kind, Seat};

use super::request::{one, range};

/// Opens a connection, reads one key, closes it, again and again.
pub async fn storm(seat: Seat) -> Result<(), Failure> {
    seat.started().await;
    while let Some(due) = seat.next().await {
        let result = async {
            let channel = seat.own_connection().await?;
            range(&channel, &one(seat.pick_key())).await
        };
        seat.record(Kind::Connection, due, result.await)?;
    }
    Ok(())
}
