//! grpc.health.v1.Health: the server as a whole is the only service with a health of its own.

use braid_core::error::Code;
use bytes::Bytes;

use crate::grpc::message::{ReadError, framed};
use crate::grpc::status::Status;
use crate::grpc::stream::{Requests, Responses};
use crate::proto::health::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
};
use crate::services::decode;

fn status(request: &HealthCheckRequest) -> ServingStatus {
    // A core that answers serves: when it does not, its connections are closed.
    if request.service.is_empty() { ServingStatus::Serving } else { ServingStatus::ServiceUnknown }
}

fn message(status: ServingStatus) -> Bytes {
    framed(&HealthCheckResponse { status: status as i32 })
}

/// Check: the health now.
///
/// # Errors
/// For a service that there is not.
pub fn check(request: &HealthCheckRequest) -> Result<Bytes, Status> {
    match status(request) {
        ServingStatus::ServiceUnknown => Err(Status::new(Code::NotFound, "unknown service")),
        known => Ok(message(known)),
    }
}

/// Watch: the health now and each change, of which there is none before the stream ends.
///
/// # Errors
/// How the stream ends.
pub async fn watch(requests: &mut Requests, responses: &Responses) -> Result<(), ReadError> {
    let request: HealthCheckRequest = decode(requests.only().await?)?;
    responses.send(message(status(&request))).await?;
    std::future::pending().await
}
