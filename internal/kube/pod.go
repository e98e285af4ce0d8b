package kube

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Pod is what the manifest of a static pod says of its component, as kubeadm writes it below /etc/kubernetes/manifests.
type Pod struct {
	Image  string
	Flags  map[string]string // of the command line, without hyphens
	mounts []mount
}

// mount is a directory of the host, or a file, as the container sees it.
type mount struct{ inside, onHost string }

type podDocument struct {
	Kind text `yaml:"kind"`
	Spec struct {
		Containers []struct {
			Image        text   `yaml:"image"`
			Command      []text `yaml:"command"`
			Args         []text `yaml:"args"`
			VolumeMounts []struct {
				Name      text `yaml:"name"`
				MountPath text `yaml:"mountPath"`
				SubPath   text `yaml:"subPath"`
			} `yaml:"volumeMounts"`
		} `yaml:"containers"`
		Volumes []struct {
			Name     text `yaml:"name"`
			HostPath struct {
				Path text `yaml:"path"`
			} `yaml:"hostPath"`
		} `yaml:"volumes"`
	} `yaml:"spec"`
}

// ParsePod reads the manifest of a component: the first container whose command is it.
func ParsePod(manifest []byte, component string) (Pod, error) {
	bodies, err := documents(manifest)
	if err != nil {
		return Pod{}, err
	}
	for _, body := range bodies {
		var d podDocument
		if err := decode(body, &d); err != nil {
			return Pod{}, err
		}
		volumes := map[string]string{}
		for _, v := range d.Spec.Volumes {
			volumes[v.Name.value] = v.HostPath.Path.value
		}
		for _, c := range d.Spec.Containers {
			words := append(c.Command, c.Args...)
			if len(words) == 0 || path.Base(words[0].value) != component {
				continue
			}
			p := Pod{Image: c.Image.value, Flags: flagsOf(words[1:])}
			for _, m := range c.VolumeMounts {
				if onHost := volumes[m.Name.value]; onHost != "" {
					p.mounts = append(p.mounts, mount{m.MountPath.value, path.Join(onHost, m.SubPath.value)})
				}
			}
			return p, nil
		}
	}
	return Pod{}, fmt.Errorf("no container runs %s", component)
}

// flagsOf reads --name=value, --name value and --name; of a flag given twice the last counts.
func flagsOf(words []text) map[string]string {
	flags := map[string]string{}
	for i, word := range words {
		if !strings.HasPrefix(word.value, "-") {
			continue
		}
		name, value, whole := strings.Cut(strings.TrimLeft(word.value, "-"), "=")
		if !whole && i+1 < len(words) && !strings.HasPrefix(words[i+1].value, "-") {
			value = words[i+1].value
		}
		flags[name] = value
	}
	return flags
}

// HostPath is where a file that the container sees lies on the host; false where no directory of the host has it.
func (p Pod) HostPath(file string) (string, bool) {
	found, best := "", -1
	for _, m := range p.mounts {
		inside := strings.TrimSuffix(path.Clean(m.inside), "/")
		below, ok := strings.CutPrefix(path.Clean(file), inside)
		if ok && (below == "" || below[0] == '/') && len(inside) > best {
			found, best = path.Join(m.onHost, below), len(inside)
		}
	}
	return found, best >= 0
}

// ImageVersion is a component's version by the tag of its image, such as registry.k8s.io/etcd:3.6.13-0.
type ImageVersion struct{ Major, Minor, Patch int }

var imageTag = regexp.MustCompile(`:v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?:[-+@].*)?$`)

// Version reads the tag; false where the image has another kind.
func (p Pod) Version() (v ImageVersion, ok bool) {
	m := imageTag.FindStringSubmatch(p.Image)
	if m == nil {
		return v, false
	}
	v.Major, _ = strconv.Atoi(m[1]) // at most four digits
	v.Minor, _ = strconv.Atoi(m[2])
	v.Patch, _ = strconv.Atoi(m[3])
	return v, true
}

// Before reports whether v is an older version than o.
func (v ImageVersion) Before(o ImageVersion) bool {
	if v.Major != o.Major {
		return v.Major < o.Major
	}
	if v.Minor != o.Minor {
		return v.Minor < o.Minor
	}
	return v.Patch < o.Patch
}

func (v ImageVersion) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }
