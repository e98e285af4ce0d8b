package kube

// The fields of kubeadm's configuration file, as far as it is read: API group kubeadm.k8s.io, versions v1beta3
// (kubeadm 1.22 to today) and v1beta4 (since 1.31). Both have every field below but for the three v1beta4 added:
// encryptionAlgorithm, certificateValidityPeriod, caCertificateValidityPeriod.

type typeMeta struct {
	APIVersion text `yaml:"apiVersion"`
	Kind       text `yaml:"kind"`
}

type clusterDocument struct {
	KubernetesVersion    text `yaml:"kubernetesVersion"`
	ClusterName          text `yaml:"clusterName"`
	CertificatesDir      text `yaml:"certificatesDir"`
	ControlPlaneEndpoint text `yaml:"controlPlaneEndpoint"`
	Networking           struct {
		ServiceSubnet text `yaml:"serviceSubnet"`
		DNSDomain     text `yaml:"dnsDomain"`
	} `yaml:"networking"`
	APIServer struct {
		CertSANs []text `yaml:"certSANs"`
	} `yaml:"apiServer"`
	Etcd struct {
		Local struct {
			ServerCertSANs []text `yaml:"serverCertSANs"`
			PeerCertSANs   []text `yaml:"peerCertSANs"`
		} `yaml:"local"`
		External *struct {
			CAFile   text `yaml:"caFile"`
			CertFile text `yaml:"certFile"`
			KeyFile  text `yaml:"keyFile"`
		} `yaml:"external"`
	} `yaml:"etcd"`
	EncryptionAlgorithm         text `yaml:"encryptionAlgorithm"`
	CertificateValidityPeriod   text `yaml:"certificateValidityPeriod"`
	CACertificateValidityPeriod text `yaml:"caCertificateValidityPeriod"`
}

// hostDocument is an InitConfiguration or a JoinConfiguration: the latter has its address one level deeper, and
// only where the host becomes a control plane.
type hostDocument struct {
	NodeRegistration struct {
		Name             text      `yaml:"name"`
		KubeletExtraArgs arguments `yaml:"kubeletExtraArgs"`
	} `yaml:"nodeRegistration"`
	LocalAPIEndpoint localEndpoint `yaml:"localAPIEndpoint"`
	ControlPlane     *struct {
		LocalAPIEndpoint localEndpoint `yaml:"localAPIEndpoint"`
	} `yaml:"controlPlane"`
	Discovery struct {
		BootstrapToken struct {
			APIServerEndpoint text `yaml:"apiServerEndpoint"`
		} `yaml:"bootstrapToken"`
	} `yaml:"discovery"`
}

type localEndpoint struct {
	AdvertiseAddress text   `yaml:"advertiseAddress"`
	BindPort         number `yaml:"bindPort"`
}
