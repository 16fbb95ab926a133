//! ZIP archives of tables. Members are unpacked while they are read, so that an archive takes no more memory than a file.

use std::io::{self, Read, SeekFrom};
use std::sync::Arc;

use encoding_rs::SHIFT_JIS;
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::{Input, ReadSeek};
use crate::error::ImportError;
use crate::left_out::LeftOut;
use crate::limits;

/// Endings of files that hold a table, or a part of one.
const TABLES: [&str; 12] =
    [".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".geojson", ".json", ".shp", ".gpkg", ".zip"];
/// Endings of files that belong to a Shapefile of the same name.
const COMPANIONS: [&str; 10] = [".dbf", ".prj", ".cpg", ".shx", ".sbn", ".sbx", ".qix", ".qpj", ".fbn", ".fbx"];

/// A member of a ZIP archive.
#[derive(Debug, Clone)]
pub struct Member {
    archive: Arc<Input>,
    path: String,
    start: u64,
    packed: u64,
    unpacked: u64,
    deflated: bool,
    /// Members of the same name with other endings.
    companions: Vec<Member>,
}

/// What is in a ZIP archive.
#[derive(Debug)]
pub(crate) struct Archive {
    /// Members that may be tables or parts of one, in the archive's order.
    pub(crate) members: Vec<Member>,
    /// Names of members that are none, with the reason.
    pub(crate) left_out: Vec<LeftOut>,
}

impl Member {
    /// The archive's name, a slash, and the member's path in it.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.archive.name(), self.path)
    }

    /// The path inside the archive.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The path in lower case, without its last ending.
    fn stem(&self) -> String {
        let path = self.path.to_lowercase();
        path.rsplit_once('.').map_or_else(|| path.clone(), |(stem, _)| stem.to_owned())
    }

    fn is_shapes(&self) -> bool {
        has_ending(&self.path, &[".shp"])
    }

    /// The member of the same name with another ending.
    pub(super) fn companion(&self, ending: &str) -> Option<&Self> {
        self.companions.iter().find(|member| has_ending(&member.path, &[&format!(".{ending}")]))
    }

    pub(super) fn open(&self) -> Result<Box<dyn Read>, ImportError> {
        let mut bytes = self.archive.seekable()?;
        bytes.seek(SeekFrom::Start(self.start)).map_err(|e| self.archive.unreadable(&e))?;
        let packed = bytes.take(self.packed);
        // Never more than was counted when the archive was opened.
        Ok(if self.deflated {
            Box::new(DeflateDecoder::new(packed).take(self.unpacked))
        } else {
            Box::new(packed.take(self.unpacked))
        })
    }
}

impl Archive {
    /// Lists the members and checks those that are tables: their checksums, and what they unpack to.
    ///
    /// # Errors
    /// The archive is damaged, has too many members, or unpacks to too much.
    pub(crate) fn open(input: &Input) -> Result<Self, ImportError> {
        let damaged = |error: &dyn std::fmt::Display| ImportError::Damaged {
            file: input.name(),
            row: None,
            reason: format!("the archive is damaged ({error}). Export it again."),
        };
        let mut zip: ZipArchive<Box<dyn ReadSeek>> = ZipArchive::new(input.seekable()?).map_err(|e| damaged(&e))?;
        if zip.len() > limits::ARCHIVE_MEMBERS {
            return Err(too_large(input, "the number of members", limits::ARCHIVE_MEMBERS.to_string()));
        }
        let archive = Arc::new(input.clone());
        let mut found = Self { members: Vec::new(), left_out: Vec::new() };
        let mut left = limits::ARCHIVE_UNPACKED;
        for at in 0..zip.len() {
            let member = zip.by_index_raw(at).map_err(|e| damaged(&e))?;
            let path = decoded(member.name_raw());
            if member.is_dir() {
                continue;
            }
            let method = member.compression();
            let reason = if member.encrypted() {
                Some([
                    "it is protected by a password. Take the protection off.",
                    "パスワードで保護されています。保護を解除してください。",
                ])
            } else if is_hidden(&path) {
                Some(["it is a hidden file.", "隠しファイルです。"])
            } else if !has_ending(&path, &TABLES) && !has_ending(&path, &COMPANIONS) {
                Some(["it is no table.", "表ではありません。"])
            } else if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
                Some([
                    "it is packed in a way that few programs can read. Pack it again as an ordinary ZIP archive.",
                    "読めるソフトの少ない方式で圧縮されています。通常のZIPで圧縮し直してください。",
                ])
            } else {
                None
            };
            if let Some(reason) = reason {
                found.left_out.push(LeftOut::new(path, reason));
                continue;
            }
            let (packed, start) = (member.compressed_size(), member.data_start().unwrap_or_default());
            drop(member);
            // The declared size may be a lie: it is counted, and the checksum is looked at on the way.
            let allowed = packed.saturating_mul(limits::ARCHIVE_RATIO).saturating_add(1 << 20);
            let bound = left.min(allowed);
            let content = zip.by_index(at).map_err(|e| damaged(&e))?;
            let unpacked = io::copy(&mut content.take(bound + 1), &mut io::sink()).map_err(|e| damaged(&e))?;
            if unpacked > allowed {
                let limit = format!("{} times its packed size", limits::ARCHIVE_RATIO);
                return Err(too_large(input, "an unpacked member", limit));
            }
            left = left
                .checked_sub(unpacked)
                .ok_or_else(|| too_large(input, "the unpacked archive", limits::mebibytes(limits::ARCHIVE_UNPACKED)))?;
            let deflated = method == CompressionMethod::Deflated;
            found.members.push(Member {
                archive: Arc::clone(&archive),
                path,
                start,
                packed,
                unpacked,
                deflated,
                companions: Vec::new(),
            });
        }
        found.gather_companions();
        Ok(found)
    }

    /// Puts what belongs to a Shapefile beside its geometries.
    fn gather_companions(&mut self) {
        let (companions, mut members): (Vec<Member>, Vec<Member>) =
            std::mem::take(&mut self.members).into_iter().partition(|member| has_ending(&member.path, &COMPANIONS));
        for companion in companions {
            let is_its = |member: &&mut Member| member.is_shapes() && member.stem() == companion.stem();
            match members.iter_mut().find(is_its) {
                Some(member) => member.companions.push(companion),
                None => {
                    let reason = [
                        "it belongs to a Shapefile whose geometries (.shp) are missing.",
                        "図形のファイル（.shp）のないShapefileの一部です。",
                    ];
                    self.left_out.push(LeftOut::new(companion.path, reason));
                }
            }
        }
        self.members = members;
    }
}

/// Names are UTF-8, or CP932 from Windows; the flag that says which is often wrong.
fn decoded(name: &[u8]) -> String {
    let text = std::str::from_utf8(name).map_or_else(|_| SHIFT_JIS.decode(name).0.into_owned(), str::to_owned);
    text.replace('\\', "/")
}

fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX" || part.starts_with("~$"))
}

fn has_ending(path: &str, endings: &[&str]) -> bool {
    let path = path.to_lowercase();
    endings.iter().any(|ending| path.ends_with(ending))
}

fn too_large(input: &Input, what: &'static str, limit: String) -> ImportError {
    ImportError::TooLarge { file: input.name(), row: None, what, limit }
}
