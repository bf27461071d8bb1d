//! Reads a server's `/metrics`.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::error::Error;

/// One reading of all metrics.
pub struct Scrape(String);

impl Scrape {
    /// Asks the server at `address`.
    pub fn new(address: &str) -> Result<Self, Error> {
        let ask = || {
            let mut stream = TcpStream::connect(address)?;
            stream
                .write_all(b"GET /metrics HTTP/1.1\r\nHost: perf\r\nConnection: close\r\n\r\n")?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        };
        ask().map(Self).map_err(Error::system(format!("http://{address}/metrics")))
    }

    /// The value of `series`, a name with its labels as the server writes them.
    pub fn value(&self, series: &str) -> Result<f64, Error> {
        let values = self.0.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let value = values.filter_map(|value| value.trim().parse().ok()).next();
        value.ok_or_else(|| Error::NoMetric(series.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_found_by_its_whole_name() {
        let scrape = Scrape("# TYPE a counter\na_b 1\na{x=\"y\"} 2.5\na 3\n".to_owned());
        assert_eq!(scrape.value("a").unwrap(), 3.0);
        assert_eq!(scrape.value("a{x=\"y\"}").unwrap(), 2.5);
        assert!(scrape.value("b").is_err());
    }
}
