package component

import (
	"errors"
	"runtime"
	"sync"
)

// MakeKeys gives each wish that needs a new key one, on all cores: an RSA key takes a tenth of a second and more, and a
// control plane has thirteen. Where a request for the place is open, Request will refuse another, and none is made.
func (c *Component) MakeKeys(profiles []string, wishes []*Wish) error {
	var need []*Wish
	for i, w := range wishes {
		if w.KeyInPlace || w.Key != nil {
			continue
		}
		if _, err := c.competing(profiles[i], *w); err == nil {
			need = append(need, w)
		}
	}
	return eachOnAllCores(len(need), func(i int) error {
		key, err := need[i].KeyType.Generate()
		need[i].Key = key
		return err
	})
}

// eachOnAllCores calls do for 0 … n-1 and waits.
func eachOnAllCores(n int, do func(i int) error) error {
	todo, errs := make(chan int, n), make([]error, n)
	for i := range n {
		todo <- i
	}
	close(todo)
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := range todo {
				errs[i] = do(i)
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}
