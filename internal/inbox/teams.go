package inbox

import (
	"fmt"
	"io/fs"

	"ca-exchange/internal/durable"
)

// teamsLimit is how many sub-directories of a side are served, listed and watched: anybody may make more.
const teamsLimit = 256

// Unlisted is what a listing passed over: one error, however many directories it concerns.
type Unlisted struct {
	Excess int   // sub-directories beyond those that are served
	Failed int   // directories that could not be listed, links in place of one among them
	First  error // why the first of them could not
}

func (u *Unlisted) Error() string {
	excess := fmt.Sprintf("sub-directories beyond the first %d, which are not served: %d", teamsLimit, u.Excess)
	failed := fmt.Sprintf("directories that cannot be listed: %d, the first one: %v", u.Failed, u.First)
	switch {
	case u.First == nil:
		return excess
	case u.Excess == 0:
		return failed
	}
	return excess + "; " + failed
}

func (u *Unlisted) Unwrap() error { return u.First }

func (u *Unlisted) add(err error) {
	if u.Failed++; u.First == nil {
		u.First = err
	}
}

// teams lists the sub-directories that are served. Where there are too many of them, each owner gets an equal share,
// so that a neighbour's thousands push out his own.
func (s *side) teams(missed *Unlisted) []string {
	var all crowd
	for name, err := range s.dir.Names() {
		if err != nil {
			break // the side's own list meets the same, and says so
		}
		if !legalTeam(name.Name) {
			continue
		}
		switch at, err := s.look(name); {
		case err != nil: // gone meanwhile
		case at.Link():
			missed.add(&fs.PathError{Op: "open", Path: fmt.Sprintf("%+q", s.name+"/"+name.Name), Err: durable.ErrLink})
		case at.Mode.IsDir():
			all.add(at.Owner, name.Name)
		}
	}
	served := all.share()
	missed.Excess += all.total - len(served)
	return served
}

// look describes what may be a sub-directory; an ordinary file costs no system call where the directory keeps types.
func (s *side) look(name durable.Name) (durable.Stat, error) {
	if !mayBe(name.Type, fs.ModeDir) {
		return durable.Stat{Mode: name.Type}, nil
	}
	return s.dir.Stat(name.Name)
}

// crowd is sub-directories by their owner, at most teamsLimit of each of at most teamsLimit owners.
type crowd struct {
	owners []uint32
	names  map[uint32][]string
	total  int
}

func (c *crowd) add(owner uint32, name string) {
	c.total++
	if c.names == nil {
		c.names = map[uint32][]string{}
	}
	names, known := c.names[owner]
	if !known {
		if len(c.owners) == teamsLimit {
			return
		}
		c.owners = append(c.owners, owner)
	}
	if len(names) < teamsLimit {
		c.names[owner] = append(names, name)
	}
}

// share takes one of each owner in turn, in the directory's order, until the bound is reached.
func (c *crowd) share() []string {
	served := make([]string, 0, min(c.total, teamsLimit))
	for turn := range teamsLimit {
		for _, owner := range c.owners {
			if names := c.names[owner]; turn < len(names) && len(served) < teamsLimit {
				served = append(served, names[turn])
			}
		}
	}
	return served
}
