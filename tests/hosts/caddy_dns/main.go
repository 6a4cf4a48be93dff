// SPDX-FileCopyrightText: fediops contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Caddy with a DNS provider built in, for tests of DNS-01: it changes a zone by signed updates (RFC 2136), which
// every name server understands. Its four options have the names that the well-known public module gives them.
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/libdns/libdns"
	"github.com/miekg/dns"
)

type provider struct {
	Server  string `json:"server"`
	KeyName string `json:"key_name"`
	KeyAlg  string `json:"key_alg"`
	Key     string `json:"key"`
}

func (provider) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "dns.providers.rfc2136", New: func() caddy.Module { return new(provider) }}
}

func (p *provider) options() map[string]*string {
	return map[string]*string{"server": &p.Server, "key_name": &p.KeyName, "key_alg": &p.KeyAlg, "key": &p.Key}
}

func (p *provider) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	for d.NextBlock(0) {
		value, known := p.options()[d.Val()]
		if !known || !d.Args(value) {
			return d.ArgErr()
		}
	}
	return nil
}

func (p *provider) Provision(caddy.Context) error {
	replacer := caddy.NewReplacer()
	for name, value := range p.options() {
		if *value = replacer.ReplaceAll(*value, ""); *value == "" {
			return fmt.Errorf("%s is empty", name)
		}
	}
	return nil
}

func (p *provider) AppendRecords(ctx context.Context, zone string, list []libdns.Record) ([]libdns.Record, error) {
	return list, p.update(ctx, zone, list, (*dns.Msg).Insert)
}

func (p *provider) DeleteRecords(ctx context.Context, zone string, list []libdns.Record) ([]libdns.Record, error) {
	return list, p.update(ctx, zone, list, (*dns.Msg).Remove)
}

func (p *provider) update(ctx context.Context, zone string, list []libdns.Record, how func(*dns.Msg, []dns.RR)) error {
	var changes []dns.RR
	for _, record := range list {
		found := record.RR()
		name := libdns.AbsoluteName(found.Name, zone)
		change, err := dns.NewRR(fmt.Sprintf("%s %d IN %s %q", name, int(found.TTL.Seconds()), found.Type, found.Data))
		if err != nil {
			return err
		}
		changes = append(changes, change)
	}
	key := dns.Fqdn(p.KeyName)
	message := new(dns.Msg)
	message.SetUpdate(zone)
	how(message, changes)
	message.SetTsig(key, dns.Fqdn(p.KeyAlg), 300, time.Now().Unix())
	client := dns.Client{TsigSecret: map[string]string{key: p.Key}}
	answer, _, err := client.ExchangeContext(ctx, message, p.Server)
	if err == nil && answer.Rcode != dns.RcodeSuccess {
		err = fmt.Errorf("the name server says %s", dns.RcodeToString[answer.Rcode])
	}
	return err
}

func main() {
	caddy.RegisterModule(new(provider))
	caddycmd.Main()
}
