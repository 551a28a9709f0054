use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sealed::{Decoded, Format, SealFault, decode, encode_line};
use super::sync_directory;

/// A file beyond this is none of ours.
const BYTES_MAX: usize = 64 << 20;

/// A file of sealed lines, and what stands beside it. Every call blocks.
#[derive(Debug, Clone)]
pub(in crate::memory) struct SealedFile {
    directory: PathBuf,
    path: PathBuf,
    sync: fn(&Path) -> io::Result<()>,
    /// Nobody else may read it.
    is_private: bool,
    /// What is left for lines to come when it is made anew, in bytes.
    room: usize,
}

/// Why a file could not be used.
#[derive(Debug)]
pub(in crate::memory) enum FileFault {
    /// The operating system refused before anything was recorded.
    Io { path: PathBuf, source: io::Error },
    /// It was written, and may be gone after the power has failed.
    Unconfirmed { path: PathBuf, source: io::Error },
    /// Another thing stands where the file belongs.
    NotAFile { path: PathBuf },
    /// It is, or would become, too large.
    TooLarge { path: PathBuf, bytes: usize },
    /// It does not say what it should.
    Sealed { path: PathBuf, fault: SealFault },
}

impl SealedFile {
    pub(in crate::memory) fn at(directory: &Path, name: &Path) -> Self {
        let path = directory.join(name);
        let directory = directory.to_owned();
        Self { directory, path, sync: sync_directory, is_private: false, room: 0 }
    }

    /// The same, for what nobody else may read.
    #[cfg(feature = "http")]
    pub(in crate::memory) fn private(self) -> Self {
        Self { is_private: true, ..self }
    }

    /// The same, that leaves so many bytes for lines to come.
    #[cfg(feature = "http")]
    pub(in crate::memory) fn with_room(self, room: usize) -> Self {
        Self { room, ..self }
    }

    pub(in crate::memory) fn path(&self) -> &Path {
        &self.path
    }

    /// Where it is made anew, before it is renamed.
    fn temporary(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".tmp");
        name.into()
    }

    /// What the file says, even if it may be gone after the power has failed.
    pub(in crate::memory) fn glance<T: DeserializeOwned>(
        &self,
        format: Format,
    ) -> Result<Option<Decoded<T>>, FileFault> {
        let Some(mut file) = self.open()? else { return Ok(None) };
        self.decoded(&mut file, format).map(Some)
    }

    /// What the file says, and will still say after the power has failed: whoever wrote it
    /// may not have got as far as syncing it.
    pub(in crate::memory) fn read<T: DeserializeOwned>(
        &self,
        format: Format,
    ) -> Result<Option<Decoded<T>>, FileFault> {
        let mut found = None;
        if let Some(mut file) = self.open()? {
            found = Some(self.decoded(&mut file, format)?);
            file.sync_data().map_err(|source| self.failed(source))?;
        }
        (self.sync)(&self.directory).map_err(|source| {
            let path = self.directory.clone();
            FileFault::Io { path, source }
        })?;
        Ok(found)
    }

    fn decoded<T: DeserializeOwned>(
        &self,
        file: &mut File,
        format: Format,
    ) -> Result<Decoded<T>, FileFault> {
        let mut bytes = Vec::new();
        let read = file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|source| self.failed(source))?;
        self.fits(bytes.len())?;
        let sealed = |fault| FileFault::Sealed { path: self.path.clone(), fault };
        decode(format, &bytes).map_err(sealed)
    }

    fn open(&self) -> Result<Option<File>, FileFault> {
        let metadata = match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata.map_err(|source| self.failed(source))?,
        };
        if !metadata.is_file() {
            return Err(FileFault::NotAFile { path: self.path.clone() });
        }
        // Only Unix syncs what was opened to be read.
        let opened = OpenOptions::new().read(true).write(cfg!(not(unix))).open(&self.path);
        opened.map(Some).map_err(|source| self.failed(source))
    }

    /// Adds a line after those that end at `end`, the last one's checksum being `seal`; durable when it answers
    /// `Ok`. In the place of what a crash left, if it left something.
    pub(in crate::memory) fn add<T: Serialize>(
        &self,
        end: usize,
        seal: u64,
        line: &T,
    ) -> Result<(), FileFault> {
        let (bytes, _) = encode_line(line, seal);
        self.fits(end + bytes.len())?;
        let opened = OpenOptions::new().write(true).open(&self.path);
        let mut file = opened.map_err(|source| self.failed(source))?;
        let end = end as u64;
        let written = file.set_len(end).and_then(|()| file.seek(SeekFrom::Start(end)));
        written.and_then(|_| file.write_all(&bytes)).map_err(|source| {
            // Half a line is none. What cannot be removed now, the next write removes.
            let _ = file.set_len(end);
            self.failed(source)
        })?;
        file.sync_data().map_err(|source| self.unconfirmed(source))
    }

    /// Makes the file one of these bytes; durable when it answers `Ok`.
    pub(in crate::memory) fn put(&self, bytes: &[u8]) -> Result<(), FileFault> {
        let temporary = self.temporary();
        self.fits(bytes.len().saturating_add(self.room))?;
        if let Err(source) = self.write_anew(&temporary, bytes) {
            // What cannot be removed now, the next write removes.
            let _ = fs::remove_file(&temporary);
            return Err(FileFault::Io { path: temporary, source });
        }
        fs::rename(&temporary, &self.path).map_err(|source| {
            // Where it is still there, it was surely not renamed.
            match fs::remove_file(&temporary) {
                Ok(()) => self.failed(source),
                Err(_) => self.unconfirmed(source),
            }
        })?;
        self.confirm()
    }

    fn write_anew(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if self.is_private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// Makes durable that the file is there, and which.
    pub(in crate::memory) fn confirm(&self) -> Result<(), FileFault> {
        (self.sync)(&self.directory).map_err(|source| self.unconfirmed(source))
    }

    fn fits(&self, bytes: usize) -> Result<(), FileFault> {
        if bytes <= BYTES_MAX {
            return Ok(());
        }
        Err(FileFault::TooLarge { path: self.path.clone(), bytes })
    }

    pub(in crate::memory) fn failed(&self, source: io::Error) -> FileFault {
        FileFault::Io { path: self.path.clone(), source }
    }

    fn unconfirmed(&self, source: io::Error) -> FileFault {
        FileFault::Unconfirmed { path: self.path.clone(), source }
    }
}
