//! `/health`, `/livez` and `/readyz`.

use braid_core::api::{RangeRequest, Request, Response};
use braid_core::error::Error;
use bytes::Bytes;
use http::StatusCode;

use crate::front::FrontEnd;
use crate::http::route::Reply;
use crate::timer::within;

/// Something that must hold for a server to be alive or ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    DataCorruption,
    SerializableRead,
    LinearizableRead,
    NonLearner,
}

impl Check {
    const fn name(self) -> &'static str {
        match self {
            Self::DataCorruption => "data_corruption",
            Self::SerializableRead => "serializable_read",
            Self::LinearizableRead => "linearizable_read",
            Self::NonLearner => "non_learner",
        }
    }

    async fn run(self, front: &FrontEnd) -> Result<(), Error> {
        match self {
            // There are no alarms and no learners yet.
            Self::DataCorruption | Self::NonLearner => Ok(()),
            Self::SerializableRead => read(front, true).await,
            Self::LinearizableRead => read(front, false).await,
        }
    }
}

const LIVEZ: &[Check] = &[Check::SerializableRead];
const READYZ: &[Check] =
    &[Check::DataCorruption, Check::SerializableRead, Check::LinearizableRead, Check::NonLearner];

/// Whether `path` is a probe's, or that of one of its checks.
pub fn is_probe(path: &str) -> bool {
    checks(path).is_some()
}

/// The checks behind `path`, and whether it names a single one.
fn checks(path: &str) -> Option<(Vec<Check>, bool)> {
    let mut parts = path.strip_prefix('/')?.splitn(2, '/');
    let all = match parts.next()? {
        "livez" => LIVEZ,
        "readyz" => READYZ,
        _ => return None,
    };
    let Some(name) = parts.next() else { return Some((all.to_vec(), false)) };
    let check = all.iter().find(|check| check.name() == name)?;
    Some((vec![*check], true))
}

/// Values of `name` in a query, in order; without percent-decoding, which no known value needs.
fn values<'a>(query: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(move |(key, _)| *key == name).map(|(_, value)| value)
}

async fn read(front: &FrontEnd, serializable: bool) -> Result<(), Error> {
    let key = Bytes::from_static(b"\0");
    let request =
        RangeRequest { key, limit: 1, keys_only: true, serializable, ..RangeRequest::default() };
    let call = front.port.call(Request::Range(request));
    match within(&*front.timer, front.limits.request_timeout, call).await {
        Some(answer) => answer.map(drop),
        None => Err(Error::TimedOut),
    }
}

async fn is_disk_full(front: &FrontEnd) -> bool {
    let call = front.port.call(Request::Status);
    match within(&*front.timer, front.limits.request_timeout, call).await {
        Some(Ok(Response::Status(status))) => status.no_space,
        _ => false,
    }
}

/// `/health`: no alarm, and a read, as JSON.
pub async fn health(query: &str, front: &FrontEnd) -> Reply {
    match reason_of_illness(query, front).await {
        None => {
            front.metrics.health_success.add(1);
            let body = r#"{"health":"true","reason":""}"#;
            Reply::ok("text/plain; charset=utf-8", body.to_owned())
        }
        Some(reason) => {
            front.metrics.health_failures.add(1);
            let body = format!(r#"{{"health":"false","reason":"{reason}"}}"#);
            Reply::error(StatusCode::SERVICE_UNAVAILABLE, &body)
        }
    }
}

async fn reason_of_illness(query: &str, front: &FrontEnd) -> Option<String> {
    let heeds_alarm = !values(query, "exclude").any(|alarm| alarm == "NOSPACE");
    if heeds_alarm && is_disk_full(front).await {
        return Some("ALARM NOSPACE".to_owned());
    }
    let serializable = values(query, "serializable").next() == Some("true");
    let error = read(front, serializable).await.err()?;
    Some(format!("RANGE ERROR:{error}"))
}

/// `/livez`, `/readyz` or one of their checks. Only a probe as a whole can leave checks out.
pub async fn probe(path: &str, query: &str, front: &FrontEnd) -> Reply {
    let (mut checks, single) = checks(path).unwrap_or_default();
    if !single {
        checks.retain(|check| !values(query, "exclude").any(|name| name == check.name()));
    }
    let (mut lines, mut good) = (String::new(), true);
    for check in checks {
        match check.run(front).await {
            Ok(()) => lines += &format!("[+]{} ok\n", check.name()),
            Err(error) => {
                good = false;
                lines += &format!("[-]{} failed: {error}\n", check.name());
            }
        }
    }
    if !good {
        return Reply::error(StatusCode::SERVICE_UNAVAILABLE, &lines);
    }
    let verbose = values(query, "verbose").next().is_some();
    Reply::probe(if verbose { lines + "ok\n" } else { "ok\n".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_probes() {
        assert!(is_probe("/livez") && is_probe("/readyz/linearizable_read"));
        assert!(!is_probe("/livez/") && !is_probe("/livez/linearizable_read"));
        assert!(!is_probe("/readyz/nope") && !is_probe("/") && !is_probe("/health"));
    }

    #[test]
    fn query_values() {
        let all: Vec<_> = values("verbose&exclude=a&x=1&exclude=b", "exclude").collect();
        assert_eq!(all, ["a", "b"]);
        assert_eq!(values("verbose&a=1", "verbose").next(), Some(""));
        assert_eq!(values("", "verbose").next(), None);
    }
}
