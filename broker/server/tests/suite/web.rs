//! A server of files, which tells how it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A file that a server offers.
#[derive(Clone, Default)]
struct Offer {
    status: u16,
    headers: Vec<String>,
    body: Vec<u8>,
    etag: Option<String>,
    hangs: bool,
}

/// A server of files. `If-None-Match` is answered by 304 when it has the file's entity tag.
#[derive(Clone)]
pub(crate) struct Web {
    base: String,
    offers: Arc<Mutex<HashMap<String, Offer>>>,
    asked: Arc<Mutex<Vec<(String, u16)>>>,
}

impl Web {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let web = Self { base, offers: Arc::default(), asked: Arc::default() };
        let server = web.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.answer(socket).await });
            }
        });
        web
    }

    async fn answer(&self, mut socket: TcpStream) {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            if socket.read_buf(&mut request).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let request = String::from_utf8(request).unwrap();
        let path = request.split(' ').nth(1).unwrap().to_owned();
        let unknown = Offer { status: 404, ..Offer::default() };
        let offer = self.offers.lock().unwrap().get(&path).cloned().unwrap_or(unknown);
        let held = request.lines().find_map(|line| line.strip_prefix("if-none-match: ")).map(str::to_owned);
        let same = held.is_some() && held == offer.etag;
        let status = if same { 304 } else { offer.status };
        self.asked.lock().unwrap().push((path, status));
        if offer.hangs {
            tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
        }
        let body = if same { &[][..] } else { &offer.body };
        let mut head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\n");
        if !offer.headers.iter().any(|header| header.starts_with("content-length")) {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        for header in &offer.headers {
            head.push_str(&format!("{header}\r\n"));
        }
        if let Some(etag) = &offer.etag {
            head.push_str(&format!("etag: {etag}\r\n"));
        }
        head.push_str("\r\n");
        let _ = socket.write_all(head.as_bytes()).await;
        let _ = socket.write_all(body).await;
    }

    fn put(&self, path: &str, offer: Offer) -> String {
        self.offers.lock().unwrap().insert(path.to_owned(), offer);
        self.url(path)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Offers a file with an entity tag made of its bytes. Its address.
    pub(crate) fn offer(&self, path: &str, file: &(impl AsRef<[u8]> + ?Sized)) -> String {
        let body = file.as_ref().to_vec();
        let sum: u64 = body.iter().enumerate().map(|(at, byte)| at as u64 * u64::from(*byte)).sum();
        let etag = Some(format!("\"{}-{sum}\"", body.len()));
        self.put(path, Offer { status: 200, body, etag, ..Offer::default() })
    }

    /// Answers in some way, with headers that may be wrong. The address.
    pub(crate) fn answers(&self, path: &str, status: u16, headers: &[&str], body: &str) -> String {
        let headers = headers.iter().map(|&header| header.to_owned()).collect();
        self.put(path, Offer { status, headers, body: body.as_bytes().to_vec(), ..Offer::default() })
    }

    /// Never answers. The address.
    pub(crate) fn hangs(&self, path: &str) -> String {
        self.put(path, Offer { hangs: true, ..Offer::default() })
    }

    /// The statuses that were answered to those who asked for a path, since this was asked last.
    pub(crate) fn asked(&self, path: &str) -> Vec<u16> {
        let mut asked = self.asked.lock().unwrap();
        let (these, others) = asked.drain(..).partition(|(other, _)| other == path);
        *asked = others;
        let these: Vec<(String, u16)> = these;
        these.into_iter().map(|(_, status)| status).collect()
    }
}

/// A ZIP archive.
pub(crate) fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A list of AEDs, each a number and where it is; the town is invented.
pub(crate) fn aeds(positions: &[(u32, &str)]) -> String {
    let rows = positions.iter().map(|(number, position)| {
        format!("131016,{number},第{number}会館,東京都千代田区一番町{number}-1,35.687{number},139.740{number},{position},有\n")
    });
    let header = "市区町村コード,NO,名称,住所,緯度,経度,設置位置,小児対応設備の有無\n".to_owned();
    std::iter::once(header).chain(rows).collect()
}

/// A list of public toilets.
pub(crate) fn toilets(count: u32) -> String {
    let rows = (1..=count).map(|number| {
        format!("131016,{number},第{number}公園トイレ,東京都千代田区一番町{number}-2,35.688{number},139.741{number},1,1,1,有\n")
    });
    let header =
        "市区町村コード,NO,名称,住所,緯度,経度,男性トイレ_総数,女性トイレ_総数,バリアフリートイレ数,乳幼児用設備設置トイレ有無\n"
            .to_owned();
    std::iter::once(header).chain(rows).collect()
}
