//! Which addresses may be called: a name that somebody else answers for must not lead into one's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether `address` is one that everybody on the internet means the same by.
///
/// Sources: <https://www.iana.org/assignments/iana-ipv4-special-registry>,
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Whether `address` may be called in one's own network: anything that has to be routed or is this machine. What is valid
/// on one link only is not: there the clouds tell a machine its secrets.
pub(crate) fn is_own(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            !address.is_link_local() && !address.is_unspecified() && !address.is_multicast()
        }
        IpAddr::V6(address) => {
            !address.is_unicast_link_local() && !address.is_unspecified() && !address.is_multicast()
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = matches!(
        address.octets(),
        // This network, private ones, shared space, this machine, one link, tests, multicast and what is reserved; then the
        // protocols' own, the relays of 6to4, and what is for documents.
        [0 | 10 | 127 | 224.., ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 168, ..]
            | [198, 18..=19, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Of the protocols' own, Teredo among them; for documents; 6to4, which has a v4 address in it.
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x2002, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        // Nothing else has been given out yet: not the addresses of v4 that are written as v6, nor one's own network's.
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is: impl Fn(IpAddr) -> bool, yes: &[&str], no: &[&str]) {
        for (addresses, expected) in [(yes, true), (no, false)] {
            for address in addresses {
                assert_eq!(is(address.parse().unwrap()), expected, "{address}");
            }
        }
    }

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        check(
            is_public,
            &[
                "1.1.1.1",
                "100.63.255.255",
                "100.128.0.0",
                "172.15.0.1",
                "172.32.0.1",
                "192.0.1.1",
                "223.255.255.255",
            ],
            &[
                "0.0.0.0",
                "10.0.0.1",
                "100.64.0.1",
                "127.0.0.1",
                "127.255.255.255",
                "169.254.169.254",
                "172.16.0.1",
                "172.31.255.255",
                "192.0.0.8",
                "192.0.2.1",
                "192.168.1.1",
                "198.18.0.1",
                "198.51.100.1",
                "203.0.113.1",
                "224.0.0.1",
                "240.0.0.1",
                "255.255.255.255",
            ],
        );
        check(
            is_public,
            &["2606:4700:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888"],
            &[
                "::",
                "::1",
                "::ffff:1.1.1.1",
                "::ffff:127.0.0.1",
                "::127.0.0.1",
                "64:ff9b::7f00:1",
                "100::1",
                "2001::1",
                "2001:db8::1",
                "2002:7f00:1::",
                "3fff::1",
                "fc00::1",
                "fd00:ec2::254",
                "fe80::1",
                "ff02::1",
            ],
        );
    }

    #[test]
    fn not_even_in_ones_own_network_a_link_is_called() {
        check(
            is_own,
            &["127.0.0.1", "10.0.0.1", "192.168.1.1", "1.1.1.1", "::1", "fd12::1", "::ffff:10.0.0.1"],
            &[
                "169.254.169.254",
                "::ffff:169.254.169.254",
                "fe80::1",
                "0.0.0.0",
                "::",
                "224.0.0.1",
                "ff02::1",
            ],
        );
    }
}
