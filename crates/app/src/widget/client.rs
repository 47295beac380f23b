//! Which address a browser comes from: the connection's, unless a proxy of one's own is there and named.

use super::Proxy;
use http::HeaderMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Where Spin says who is connected; it replaces what a client sends under that name.
const CONNECTED: &str = "spin-client-addr";

/// The client's address, or its network where addresses are given out by the network (IPv6, /64). Empty when unknown.
pub(crate) fn address(headers: &HeaderMap, proxy: Option<&Proxy>) -> String {
    let found = proxy.and_then(|proxy| named(headers, proxy)).or_else(|| connected(headers));
    found.map(network).unwrap_or_default()
}

fn connected(headers: &HeaderMap) -> Option<IpAddr> {
    one(headers.get(CONNECTED)?.to_str().ok()?)
}

/// The entry that the outermost proxy of one's own wrote; what stands before it is whatever the client sent.
fn named(headers: &HeaderMap, proxy: &Proxy) -> Option<IpAddr> {
    let lines: Vec<&str> = headers.get_all(&proxy.header).iter().filter_map(|v| v.to_str().ok()).collect();
    let entries: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).collect();
    one(entries.iter().rev().nth(proxy.hops - 1)?.trim())
}

fn one(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_header_that_nobody_trusts_says_nothing() {
        let sent = headers(&[("spin-client-addr", "203.0.113.7:5000"), ("x-forwarded-for", "198.51.100.1")]);
        assert_eq!(address(&sent, None), "203.0.113.7");
    }

    #[test]
    fn a_trusted_proxy_names_the_client_by_the_entry_it_wrote_itself() {
        let sent = headers(&[
            ("spin-client-addr", "10.0.0.1:5000"),
            ("x-forwarded-for", "1.1.1.1, 198.51.100.9"),
            ("x-forwarded-for", "10.0.0.2"),
        ]);
        let proxy = |hops| Proxy { header: "x-forwarded-for".parse().unwrap(), hops };
        assert_eq!(address(&sent, Some(&proxy(2))), "198.51.100.9");
        assert_eq!(address(&sent, Some(&proxy(1))), "10.0.0.2");
        assert_eq!(address(&sent, Some(&proxy(9))), "10.0.0.1", "no such entry: the connection");
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let of = |text: &'static str| address(&headers(&[("spin-client-addr", text)]), None);
        assert_eq!(of("[2001:db8:1:2:3:4:5:6]:443"), of("[2001:db8:1:2:ffff::1]:80"));
        assert_ne!(of("[2001:db8:1:2::1]:443"), of("[2001:db8:1:3::1]:443"));
        assert_eq!(of("[::ffff:203.0.113.7]:1"), "203.0.113.7");
        assert_eq!(of("nonsense"), "");
    }
}
