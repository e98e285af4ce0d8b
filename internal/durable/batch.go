package durable

import (
	"io/fs"
	"sync"

	"golang.org/x/sys/unix"
)

// How a batch makes its files durable.
const (
	SyncWhole = "syncfs" // one syncfs for all of a file system's files
	SyncEach  = "fsync"  // one fsync a file, several at a time
)

// parallelSyncs is how many files are synced at once where syncfs does not count: enough for a disk to merge them.
const parallelSyncs = 16

// Batch makes many files durable for the price of one sync. Its files appear when Commit returns, each whole, in no
// order; after an error some may be there, and a caller does the whole batch again, since nothing says that a file
// whose sync failed was kept.
type Batch struct {
	dir   *Dir // on the file system that syncfs is called for
	files []batched
}

type batched struct {
	dir       *Dir
	temporary string
	name      string
	data      []byte
	mode      fs.FileMode
	replace   bool
	Err       error
}

// NewBatch starts a batch on d's file system.
func (d *Dir) NewBatch() *Batch { return &Batch{dir: d} }

// Create adds a file that must not exist yet. Commit's error for it is fs.ErrExist where it does.
func (b *Batch) Create(dir *Dir, name string, data []byte, mode fs.FileMode) {
	b.files = append(b.files, batched{dir: dir, name: name, data: data, mode: mode})
}

// Replace adds a file that takes the place of what has its name.
func (b *Batch) Replace(dir *Dir, name string, data []byte, mode fs.FileMode) {
	b.files = append(b.files, batched{dir: dir, name: name, data: data, mode: mode, replace: true})
}

// Commit writes all temporaries, syncs, renames, syncs the directories. errs has an entry for each file in the order
// added, a *fs.PathError whose Op is "rename" where the file's name alone is at fault; err concerns all of them.
func (b *Batch) Commit() (errs []error, err error) {
	whole, err := b.openWhole()
	if err != nil {
		return nil, err
	}
	finish := b.dir.sys.Fsync
	if whole >= 0 {
		finish = unsynced
	}
	b.each(func(f *batched) error {
		f.temporary = temporary()
		return f.dir.create(f.temporary, f.data, f.mode, finish)
	})
	if whole >= 0 {
		err := b.dir.sys.Syncfs(whole)
		b.dir.sys.Close(whole)
		if unsupported(err) {
			err = nil
			b.each(func(f *batched) error { return f.dir.SyncFile(f.temporary) })
		}
		if err != nil {
			b.discard()
			return nil, b.dir.fail("syncfs", ".", err)
		}
	}
	b.each(func(f *batched) error {
		rename := f.dir.RenameNew
		if f.replace {
			rename = f.dir.Rename
		}
		err := rename(f.temporary, f.dir, f.name)
		if err != nil {
			f.dir.sys.Unlink(f.dir.fd, f.temporary)
		}
		return err
	})
	b.syncDirs()
	return b.errors(), nil
}

// openWhole opens a descriptor for one syncfs over all of the batch, −1 where each file is synced by itself: a single
// one, a file system where syncfs does not count, files on more than one. syncfs reports a failed write once to every
// descriptor that was open before the write, so it is a new one for each batch.
func (b *Batch) openWhole() (int, error) {
	if len(b.files) < 2 || b.dir.SyncMode() != SyncWhole {
		return -1, nil
	}
	home, err := b.dir.sys.Fstat(b.dir.fd)
	if err != nil {
		return -1, b.dir.fail("stat", ".", err)
	}
	checked := map[*Dir]bool{b.dir: true}
	for _, f := range b.files {
		if checked[f.dir] {
			continue
		}
		checked[f.dir] = true
		if s, err := f.dir.sys.Fstat(f.dir.fd); err != nil || s.Dev != home.Dev {
			return -1, nil
		}
	}
	fd, err := b.dir.sys.Open(b.dir.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return -1, b.dir.fail("open", ".", err)
	}
	return fd, nil
}

// each runs step for every file that has no error yet, several at a time.
func (b *Batch) each(step func(*batched) error) {
	if len(b.files) == 1 {
		if f := &b.files[0]; f.Err == nil {
			f.Err = step(f)
		}
		return
	}
	var wait sync.WaitGroup
	slots := make(chan struct{}, parallelSyncs)
	for i := range b.files {
		f := &b.files[i]
		if f.Err != nil {
			continue
		}
		slots <- struct{}{}
		wait.Go(func() {
			f.Err = step(f)
			<-slots
		})
	}
	wait.Wait()
}

func (b *Batch) discard() {
	for _, f := range b.files {
		if f.Err == nil {
			f.dir.sys.Unlink(f.dir.fd, f.temporary)
		}
	}
}

func (b *Batch) errors() []error {
	errs := make([]error, len(b.files))
	for i, f := range b.files {
		errs[i] = f.Err
	}
	return errs
}

// syncDirs makes the names durable. A directory that fails takes its own files with it and no others.
func (b *Batch) syncDirs() {
	synced := map[*Dir]error{}
	for i := range b.files {
		f := &b.files[i]
		if f.Err != nil {
			continue
		}
		err, seen := synced[f.dir]
		if !seen {
			err = f.dir.Sync()
			synced[f.dir] = err
		}
		f.Err = err
	}
}

// localFileSystems are those on which syncfs reports every write-back error since Linux 5.8: ext2/3/4, xfs, btrfs,
// tmpfs, f2fs. Elsewhere (FUSE, NFS, SMB, vfat) each file's own fsync is the only word that counts.
var localFileSystems = []int64{0xef53, 0x58465342, 0x9123683e, 0x01021994, 0xf2f52010}

// SyncMode says how a batch in d will be made durable: SyncWhole or SyncEach.
func (d *Dir) SyncMode() string {
	kind, err := d.sys.FileSystem(d.fd)
	if err != nil || !syncfsReportsErrors() {
		return SyncEach
	}
	for _, local := range localFileSystems {
		if kind == local {
			return SyncWhole
		}
	}
	return SyncEach
}

// syncfsReportsErrors is true since Linux 5.8: before, syncfs said nothing of a failed write.
func syncfsReportsErrors() bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil || unix.ByteSliceToString(u.Sysname[:]) != "Linux" {
		return false
	}
	major, minor := 0, 0
	for i, field := 0, &major; i < len(u.Release); i++ {
		switch c := u.Release[i]; {
		case c >= '0' && c <= '9':
			*field = *field*10 + int(c-'0')
		case c == '.' && field == &major:
			field = &minor
		default:
			return major > 5 || major == 5 && minor >= 8
		}
	}
	return false
}
