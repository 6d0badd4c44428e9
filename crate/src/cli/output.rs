//! Files that appear whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// Where a result will go: checked when made, written in one move. Until then nothing is on the disk, and a file that
/// was there before stays as it was.
#[derive(Debug)]
pub struct Output {
    target: PathBuf,
    folder: PathBuf,
}

impl Output {
    /// Checks that `path` can be written, before the work starts whose result it shall hold.
    ///
    /// # Errors
    /// [`Error::Io`] saying why not: no such folder, a folder or a device in its place, no permission.
    pub fn check(path: &Path) -> Result<Output> {
        let cannot = |why: String| Error::Io(format!("cannot write {}: {why}", path.display()));
        // a rename would replace a link, not what it points to
        let target = match path.canonicalize() {
            Ok(existing) => existing,
            Err(_) => path.to_path_buf(),
        };
        match std::fs::metadata(&target) {
            Ok(found) if found.is_dir() => return Err(cannot("it is a folder".into())),
            Ok(found) if !found.is_file() => return Err(cannot("it is not an ordinary file".into())),
            Ok(found) if found.permissions().readonly() => return Err(cannot("it is read-only".into())),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(cannot(error.to_string())),
        }
        let Some(name) = target.file_name() else { return Err(cannot("it has no file name".into())) };
        if name.to_string_lossy().len() > 200 {
            return Err(cannot("its name is too long".into()));
        }
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        if !folder.is_dir() {
            return Err(cannot(format!("there is no folder {}", folder.display())));
        }
        let output = Output { folder, target: target.clone() };
        // the only sure test of a folder is a file in it; it is gone again with the handle
        output.temporary().map_err(|error| cannot(error.to_string()))?;
        Ok(output)
    }

    /// Writes the file: to the end beside its place, then renamed.
    ///
    /// # Errors
    /// [`Error::Io`], for instance when the disk is full; an older file is then still there.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        let write = || -> std::io::Result<()> {
            let mut file = self.temporary()?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(&self.target).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| Error::Io(format!("cannot write {}: {error}", self.target.display())))
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.target
    }

    fn temporary(&self) -> std::io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".inkling-").suffix(".part");
        #[cfg(unix)]
        {
            // what any program's new file gets (the umask applies); temporary files are private otherwise
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(&self.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn appears_whole_and_replaces_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let output = Output::check(&path).unwrap();
        assert!(names(folder.path()).is_empty(), "a check leaves nothing behind");
        output.write(b"first").unwrap();
        Output::check(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"first", "a check overwrites nothing");
        output.write(b"second").unwrap();
        assert_eq!(
            (std::fs::read(&path).unwrap(), names(folder.path())),
            (b"second".to_vec(), vec!["a.npy".to_string()])
        );
    }

    #[test]
    fn what_cannot_be_written_is_said_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| Output::check(path).unwrap_err().to_string();
        assert!(message(folder.path()).contains("is a folder"));
        assert!(message(&folder.path().join("no/such/x.png")).contains("no folder"));
        std::fs::write(folder.path().join("file"), b"").unwrap();
        assert!(message(&folder.path().join("file/x.png")).contains("cannot write"));
        assert!(message(Path::new("/dev/null")).contains("not an ordinary file"));
        assert!(message(Path::new("")).contains("no file name"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::write(&real, b"old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        Output::check(&link).unwrap().write(b"new").unwrap();
        assert_eq!(std::fs::read(&real).unwrap(), b"new");
        assert!(link.is_symlink());
    }
}
