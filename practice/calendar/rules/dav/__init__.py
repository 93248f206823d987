"""What calendar programs ask over CalDAV (RFC 4791, 4918, 6578), and how they are answered.

Pure: XML in, plain values; plain values, XML out. Nothing can be written over it.
"""
