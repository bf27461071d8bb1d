//! Who this member is: its name, URLs and ids, and the directory of its data.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::error::Invalid;
use super::settings::Settings;
use super::url::{Scheme, Url, UrlError};

/// This member, as MemberList shows it, and its place in the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name.
    pub name: String,
    /// Directory of the data; relative to the working directory.
    pub data_dir: PathBuf,
    /// Peer URLs, sorted.
    pub peer_urls: Vec<String>,
    /// Client URLs as clients are told, sorted.
    pub client_urls: Vec<String>,
    /// Goes into the ids.
    pub cluster_token: String,
    /// Whether to make a cluster or to join one, when the data directory is empty.
    pub cluster_state: ClusterState,
    /// The id that a new data directory gets.
    pub member_id: u64,
    /// The id of the cluster that a new data directory gets.
    pub cluster_id: u64,
}

/// `--initial-cluster-state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterState {
    /// An empty data directory becomes a new cluster.
    New,
    /// An empty data directory would have to join others.
    Existing,
}

pub(super) fn build(settings: &Settings) -> Result<Member, Invalid> {
    listen_addresses(settings, "listen-peer-urls")?;
    let name = settings.text("name");
    let peer_urls = advertised(settings, "initial-advertise-peer-urls")?;
    let client_urls = client_urls(settings)?;
    check_cluster(&settings.text("initial-cluster"), &name, &peer_urls)?;
    let cluster_token = settings.text("initial-cluster-token");
    let member_id = member_id(&peer_urls, &cluster_token);
    let cluster_state = match settings.text("initial-cluster-state").as_str() {
        "existing" => ClusterState::Existing,
        _ => ClusterState::New,
    };
    Ok(Member {
        data_dir: PathBuf::from(settings.text("data-dir").replace("${name}", &name)),
        name,
        peer_urls,
        client_urls,
        cluster_token,
        cluster_state,
        member_id,
        cluster_id: cluster_id(&[member_id]),
    })
}

/// The addresses of an option with URLs to listen on.
///
/// # Errors
/// A URL that is no address, or whose scheme is not served.
pub(super) fn listen_addresses(
    settings: &Settings,
    name: &'static str,
) -> Result<Vec<SocketAddr>, Invalid> {
    settings.urls(name).iter().map(|url| listen_address(name, url)).collect()
}

fn listen_address(name: &'static str, url: &Url) -> Result<SocketAddr, Invalid> {
    let scheme = match url.scheme {
        Scheme::Http => return url.bind_address().map_err(|error| Invalid::Url { name, error }),
        Scheme::Https => "TLS (https://)",
        Scheme::Unix | Scheme::Unixs => "sockets of the file system (unix:)",
    };
    Err(Invalid::Scheme { name, text: url.to_string(), scheme })
}

/// The URLs of an option that others are told.
fn advertised(settings: &Settings, name: &'static str) -> Result<Vec<String>, Invalid> {
    let urls = settings.urls(name);
    if urls.is_empty() {
        return Err(Invalid::NoUrls(name));
    }
    for url in &urls {
        url.check_advertised().map_err(|error| Invalid::Url { name, error })?;
    }
    Ok(urls.iter().map(Url::to_string).collect())
}

/// Without the second option clients would be told of `localhost` by a server that listens
/// elsewhere. As in etcd, the configuration file is not held to that.
fn client_urls(settings: &Settings) -> Result<Vec<String>, Invalid> {
    if settings.is_set_outside_file("listen-client-urls")
        && !settings.is_set("advertise-client-urls")
    {
        return Err(Invalid::UnsetAdvertiseClientUrls);
    }
    advertised(settings, "advertise-client-urls")
}

/// Checks `--initial-cluster`, `name=URL` pairs separated by commas: it may only name this member,
/// at exactly its peer URLs.
fn check_cluster(text: &str, name: &str, peer_urls: &[String]) -> Result<(), Invalid> {
    let pairs: Vec<(&str, &str)> = text
        .split(',')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    let urls = cluster_urls(&pairs).map_err(Invalid::InitialCluster)?;
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [] => Ok(()),
        [only] if *only == name => same_urls(&urls, peer_urls),
        [_] => Err(Invalid::NotInCluster { name: name.to_owned(), text: text.to_owned() }),
        _ => Err(Invalid::SeveralMembers {
            text: text.to_owned(),
            count: names.len(),
            name: name.to_owned(),
        }),
    }
}

fn cluster_urls(pairs: &[(&str, &str)]) -> Result<Vec<String>, UrlError> {
    let mut urls = pairs
        .iter()
        .map(|(_, url)| Url::parse(url).map(|url| url.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    urls.sort();
    urls.dedup();
    Ok(urls)
}

fn same_urls(cluster: &[String], advertised: &[String]) -> Result<(), Invalid> {
    if cluster == advertised {
        return Ok(());
    }
    Err(Invalid::PeerUrlsDiffer { cluster: cluster.join(","), advertised: advertised.join(",") })
}

/// etcd's id of a member that is there from the start: the first 8 bytes of the SHA-1 over its
/// sorted peer URLs and the cluster's token.
fn member_id(peer_urls: &[String], token: &str) -> u64 {
    let mut sum = sha1_smol::Sha1::new();
    for url in peer_urls {
        sum.update(url.as_bytes());
    }
    sum.update(token.as_bytes());
    first_eight(&sum)
}

/// etcd's id of a cluster: the first 8 bytes of the SHA-1 over its members' sorted ids.
fn cluster_id(member_ids: &[u64]) -> u64 {
    let mut sum = sha1_smol::Sha1::new();
    for id in member_ids {
        sum.update(&id.to_be_bytes());
    }
    first_eight(&sum)
}

fn first_eight(sum: &sha1_smol::Sha1) -> u64 {
    let bytes = sum.digest().bytes();
    bytes[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
