//! HTTP/1.1 by hand, for what must cost next to nothing beside the server and has to live with broken connections.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A message is at most this long: whatever is longer is not of this project.
const LONGEST: usize = 16 << 20;

/// A request as it goes over the wire; the body in `application/json`, empty for none.
pub fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = match length {
        0 => format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
        _ => format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
    };
    head.into_bytes()
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Whether it says when to come again.
    pub retry_after: bool,
    /// The body.
    pub body: Vec<u8>,
}

/// A message that was read: where its body begins and ends.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// The length of the head with the empty line.
    pub head: usize,
    /// The length of head and body.
    pub end: usize,
}

/// Reads one message with `Content-Length` into a buffer that may hold the beginning of it. `None` when the other side has
/// closed the connection before it began.
///
/// # Errors
/// When the connection breaks within a message.
pub async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Frame>> {
    let mut searched = 0;
    let head = loop {
        if let Some(at) = buffer.get(searched..).and_then(|new| new.windows(4).position(|end| end == b"\r\n\r\n")) {
            break searched + at + 4;
        }
        searched = buffer.len().saturating_sub(3);
        if !fill(stream, buffer).await? {
            return if buffer.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
    };
    let length = field(&buffer[..head], "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    let end = head.saturating_add(length);
    if end > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    while buffer.len() < end {
        if !fill(stream, buffer).await? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Some(Frame { head, end }))
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<bool> {
    Ok(stream.read_buf(buffer).await? > 0)
}

/// The value of a header field. `name` is in lower case.
pub fn field<'h>(head: &'h [u8], name: &str) -> Option<&'h str> {
    std::str::from_utf8(head).ok()?.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// One connection, which is kept open.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(1_024) })
    }

    /// Sends a [`request`] and reads the answer to its end. After an error the connection is of no use.
    ///
    /// # Errors
    /// When the connection breaks: the request may have been done or not.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.stream.write_all(request).await?;
        let frame = read(&mut self.stream, &mut self.buffer).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let head = &self.buffer[..frame.head];
        let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        let reply = Reply {
            status: status.ok_or(io::ErrorKind::InvalidData)?,
            retry_after: field(head, "retry-after").is_some(),
            body: self.buffer[frame.head..frame.end].to_vec(),
        };
        self.buffer.drain(..frame.end);
        Ok(reply)
    }
}
