//! Opening the port.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Listens on `address`. `[::]` takes IPv4 as well; on a machine without IPv6 it is `0.0.0.0`.
///
/// # Errors
/// As the system says, for instance because the port is taken.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let error = match open(address) {
        Ok(listener) => return Ok(listener),
        Err(error) => error,
    };
    fallback(address, error.kind()).map_or(Err(error), open)
}

/// Where to listen instead, on a machine that has no IPv6.
fn fallback(address: SocketAddr, error: io::ErrorKind) -> Option<SocketAddr> {
    let any = address.is_ipv6() && address.ip().is_unspecified() && error != io::ErrorKind::AddrInUse;
    any.then(|| (Ipv4Addr::UNSPECIFIED, address.port()).into())
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A restart must not wait for the connections of the last run to be forgotten.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_taken_is_an_error_and_port_0_is_a_free_one() {
        let first = listen("[::]:0".parse().unwrap()).unwrap();
        let taken = first.local_addr().unwrap();
        assert_ne!(taken.port(), 0);
        assert_eq!(listen(taken).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn only_every_ipv6_address_falls_back_and_not_because_the_port_is_taken() {
        let fallback = |address: &str, error| {
            fallback(address.parse().unwrap(), error).map(|address| address.to_string())
        };
        let unsupported = io::ErrorKind::Unsupported;
        assert_eq!(fallback("[::]:10220", unsupported).as_deref(), Some("0.0.0.0:10220"));
        assert_eq!(fallback("[::]:10220", io::ErrorKind::AddrInUse), None);
        assert_eq!(fallback("[::1]:10220", unsupported), None);
        assert_eq!(fallback("127.0.0.1:10220", unsupported), None);
    }

    #[tokio::test]
    async fn every_address_takes_ipv4_connections_too() {
        let listener = listen("[::]:0".parse().unwrap()).unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    }
}
